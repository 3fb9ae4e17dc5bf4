import { describe, expect, it } from 'vitest'
import type { StorageClass } from '#kube/core.ts'
import { wantedDigests } from './fileDigest.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ImageFormat } from './imageFormat.ts'
import { judgeUpload, planRemoval, planUploadImage, uploadForm } from './uploadPlan.ts'
import type { UploadAttempt } from './uploadPlan.ts'

const SHA512 = 'ab'.repeat(64)
const SHA256 = 'cd'.repeat(32)
const MD5 = 'ef'.repeat(16)
const GIB = 1 << 30
const QCOW2: ImageFormat = { kind: 'qcow2', version: 3, virtualSize: GIB }
const VMDK: ImageFormat = { kind: 'vmdk', layout: 'sparse' }
const ISO: ImageFormat = { kind: 'iso', label: 'x', hybrid: true }
const sound: UploadAttempt = { offer: 'offered', backend: 'backingimage', file: { name: 'noble.img', size: GIB }, format: QCOW2, digests: { sha512: SHA512, sha256: SHA256 }, expected: '' }
const vmdk = { code: 'format-not-taken', format: 'vmdk' }

describe('an upload', () => {
  it.each<[string, Partial<UploadAttempt>, object[]]>([
    ['a sound file', {}, []],
    ['a raw file', { format: { kind: 'raw', layout: 'gpt' } }, []],
    ['an ISO to CDI', { format: ISO, backend: 'cdi' }, []],
    ['a cluster whose Harvester is not known, whatever else', { offer: 'no-harvester-url', file: undefined }, [{ code: 'no-harvester-url' }]],
    ['no file', { file: undefined }, [{ code: 'no-file' }]],
    ['an empty file', { file: { name: 'a.img', size: 0 } }, [{ code: 'empty' }]],
    ['a file that went away', { unreadable: 'NotFoundError' }, [{ code: 'unreadable', message: 'NotFoundError' }]],
    ['a file that ends within a sector', { file: { name: 'a.img', size: GIB + 7 } }, [{ code: 'not-in-sectors', size: GIB + 7, over: 7 }]],
    ['the same to CDI, which does not mind', { file: { name: 'a.img', size: GIB + 7 }, backend: 'cdi' }, []],
    ['a VMware disk', { format: VMDK }, [{ ...vmdk, backend: 'backingimage' }]],
    ['a VMware disk to CDI', { format: VMDK, backend: 'cdi' }, [{ ...vmdk, backend: 'cdi' }]],
    ['a compressed file', { format: { kind: 'compressed', by: 'xz' } }, [{ code: 'format-not-taken', format: 'xz', backend: 'backingimage' }]],
    ['a qcow2 on top of another', { format: { ...QCOW2, backingFile: '/base.qcow2' } }, [{ code: 'backing-file', file: '/base.qcow2' }]],
    ['a file without any mark', { format: { kind: 'unknown' } }, []],
    ['a page of text', { format: { kind: 'text', html: true } }, [{ code: 'format-not-taken', format: 'text', backend: 'backingimage' }]],
    ['a qcow2 whose bytes are in another file', { format: { ...QCOW2, externalData: true } }, [{ code: 'external-data' }]],
    ['an encrypted qcow2', { format: { ...QCOW2, encrypted: true } }, [{ code: 'encrypted' }]],
    ['the pasted SHA-512', { expected: ` ${SHA512.toUpperCase()}\n` }, []],
    ['the pasted SHA-256', { expected: SHA256 }, []],
    ['the pasted MD5', { expected: MD5, digests: { sha512: SHA512, md5: MD5 } }, []],
    ['another SHA-256 than pasted', { expected: '0'.repeat(64) }, [{ code: 'checksum-differs', algorithm: 'sha256', expected: '0'.repeat(64), found: SHA256 }]],
    ['another SHA-512 than pasted, to CDI', { expected: '0'.repeat(128), backend: 'cdi' }, [{ code: 'checksum-differs', algorithm: 'sha512', expected: '0'.repeat(128), found: SHA512 }]],
    ['what is no checksum', { expected: 'sha256:abc' }, [{ code: 'checksum-unrecognised' }]],
    ['a file not read yet', { format: undefined, digests: {} }, [{ code: 'being-read' }]],
    ['a file for Longhorn, of which the SHA-512 is not counted', { digests: { sha256: SHA256 } }, [{ code: 'being-read' }]],
    ['a file for CDI, of which nothing is counted', { digests: {}, backend: 'cdi' }, []],
    ['a file for CDI, of which the pasted one is not counted', { digests: {}, backend: 'cdi', expected: MD5 }, [{ code: 'being-read' }]],
    ['one that is wrong in many ways, with what waiting mends last', { file: { name: 'a.vmdk', size: 513 }, format: VMDK, digests: {}, expected: SHA256 }, [{ code: 'not-in-sectors', size: 513, over: 1 }, { ...vmdk, backend: 'backingimage' }, { code: 'being-read' }]],
  ])('of %s', (_what, change, obstacles) => {
    expect(judgeUpload({ ...sound, ...change })).toEqual(obstacles)
  })

  it.each([['', ['sha512', 'sha256']], [SHA256, ['sha512', 'sha256']], ['nonsense', ['sha512', 'sha256']], [MD5, ['sha512', 'sha256', 'md5']], ['a'.repeat(40), ['sha512', 'sha256', 'sha1']]])('counts what is needed for %j', (pasted, algorithms) => {
    expect(wantedDigests(pasted)).toEqual(algorithms)
  })
})

describe('the image of an upload', () => {
  const classOf = (dataEngine: string) => ({ metadata: { name: 'fast' }, provisioner: 'driver.longhorn.io', parameters: { dataEngine } }) as unknown as StorageClass
  const image = { name: 'noble', namespace: 'lab', file: { name: 'noble.img' }, format: QCOW2, digests: { sha512: SHA512, sha256: SHA256 }, labels: { 'harvesterhci.io/os-type': 'ubuntu' } }

  it('is made as Harvester makes it, with the checksum for Longhorn to verify', () => {
    expect(planUploadImage(image, classOf('v1'))).toEqual({
      apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage',
      metadata: {
        generateName: 'image-', namespace: 'lab',
        labels: { 'harvesterhci.io/image-type': 'raw_qcow2', 'harvesterhci.io/os-type': 'ubuntu' },
        annotations: { 'harvesterhci.io/storageClassName': 'fast', 'harvesterhci.io/image-name': 'noble.img' },
      },
      spec: { backend: 'backingimage', displayName: 'noble', sourceType: 'upload', checksum: SHA512, targetStorageClassName: 'fast' },
    })
  })

  it('has no checksum where CDI would not look at it', () => {
    const planned = planUploadImage({ ...image, format: ISO, description: 'of the lab' }, classOf('v2'))
    expect(planned.spec).toEqual({ backend: 'cdi', displayName: 'noble', sourceType: 'upload', targetStorageClassName: 'fast' })
    expect(planned.metadata).toMatchObject({ labels: { 'harvesterhci.io/image-type': 'iso' }, annotations: { 'field.cattle.io/description': 'of the lab' } })
  })

  const made = (backend: 'backingimage' | 'cdi'): VirtualMachineImage => ({
    apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineImage', metadata: { namespace: 'lab', name: 'image-x7k2p', uid: 'u-1', resourceVersion: '1', creationTimestamp: '' }, spec: { displayName: 'noble', sourceType: 'upload', backend },
  })

  it.each([['backingimage', 'chunk'], ['cdi', 'file']] as const)('takes the file for %s in the field %s', (backend, field) => {
    const file = new File(['12345'], 'noble.img')
    expect(uploadForm(made(backend), file)).toEqual({ path: '/v1/harvester/harvesterhci.io.virtualmachineimages/lab/image-x7k2p?action=upload&size=5', field, file, headers: { 'File-Size': '5' } })
  })

  it('is taken back only as the one that was made', () => {
    expect(planRemoval(made('cdi'))).toEqual({ at: { namespace: 'lab', name: 'image-x7k2p' }, options: { preconditions: { uid: 'u-1' }, propagation: 'Background' } })
  })
})
