import { describe, expect, it } from 'vitest'
import type { ImageBackend } from './image.ts'
import type { Hop, ServedFile } from './probe.ts'
import { judgeServed } from './servedFile.ts'

const GIB = 1 << 30
const SOUND: ServedFile = { format: { kind: 'qcow2', version: 3, virtualSize: GIB }, size: GIB, ranges: true }
const HOP: Hop = { url: 'https://a.example/x.img', status: 200 }

describe('what a URL serves', () => {
  it.each<[string, Partial<ServedFile>, readonly Hop[], ImageBackend, object[]]>([
    ['a sound qcow2', {}, [HOP], 'backingimage', []],
    ['a file without any mark, which may be a disk', { format: { kind: 'unknown' } }, [HOP], 'cdi', [{ tone: 'unknown', code: 'no-mark' }]],
    ['a program', { format: { kind: 'other', what: 'elf' } }, [HOP], 'cdi', [{ tone: 'bad', code: 'obstacle', obstacle: { code: 'no-disk', what: 'elf' } }]],
    ['a file of whose size HEAD says otherwise', { headSize: 0 }, [HOP], 'cdi', [{ tone: 'attention', code: 'head-size', head: 0, size: GIB }]],
    ['a file whose server knows no HEAD', { headRefused: true, size: undefined }, [HOP], 'cdi', [{ tone: 'bad', code: 'head-refused' }]],
    ['a login page, of which a size says nothing', { format: { kind: 'text', html: true }, size: 77 }, [HOP], 'backingimage', [{ tone: 'bad', code: 'no-image' }]],
    ['a VMware disk', { format: { kind: 'vmdk', layout: 'sparse' } }, [HOP], 'cdi', [{ tone: 'bad', code: 'obstacle', obstacle: { code: 'format-not-taken', format: 'vmdk', backend: 'cdi' } }]],
    ['a qcow2 on top of another', { format: { kind: 'qcow2', version: 3, virtualSize: GIB, backingFile: 'base.img' } }, [HOP], 'backingimage', [{ tone: 'bad', code: 'obstacle', obstacle: { code: 'backing-file', file: 'base.img' } }]],
    ['a file that ends within a sector', { size: GIB + 7 }, [HOP], 'backingimage', [{ tone: 'bad', code: 'obstacle', obstacle: { code: 'not-in-sectors', size: GIB + 7, over: 7 } }]],
    ['the same to CDI, which does not mind', { size: GIB + 7 }, [HOP], 'cdi', []],
    ['nothing at all', { format: { kind: 'empty' }, size: 0 }, [HOP], 'cdi', [{ tone: 'bad', code: 'obstacle', obstacle: { code: 'empty' } }]],
    ['a file of unknown size, which comes unencrypted in the end', { size: undefined }, [HOP, { url: 'http://b.example:81/x.img', status: 200, downgraded: true }], 'backingimage', [{ tone: 'attention', code: 'no-size' }, { tone: 'attention', code: 'downgraded', host: 'b.example:81' }]],
  ])('of %s', (_what, change, hops, backend, findings) => {
    expect(judgeServed({ ...SOUND, ...change }, hops, backend)).toEqual(findings)
  })
})
