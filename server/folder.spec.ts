import { existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ownFolder } from './folder.ts'
import { makeFolder } from './testCluster.ts'

describe('a folder of one\'s own', () => {
  it('is made with those above it, for its owner alone, and may be there already', () => {
    const path = join(makeFolder(), 'a', 'b')
    ownFolder(path)
    ownFolder(path)
    expect([path, join(path, '..')].map(folder => statSync(folder).mode & 0o777)).toEqual([0o700, 0o700])
  })

  it('is an error where there is a file', () => {
    const path = join(makeFolder(), 'file')
    writeFileSync(path, '')
    expect(() => ownFolder(path)).toThrow('EEXIST')
    expect(() => ownFolder(join(path, 'below'))).toThrow('ENOTDIR')
  })

  it.runIf(existsSync('/proc'))('is an error and no endless wait where none can be made', () => {
    expect(() => ownFolder('/proc/guardrails/a')).toThrow('ENOENT')
  })
})
