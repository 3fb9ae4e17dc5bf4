import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { keepIdentity, readIdentity } from './identity.ts'

const folder = mkdtempSync(join(tmpdir(), 'guardrails-identity-'))
afterAll(() => { rmSync(folder, { recursive: true }) })
const path = join(folder, 'identity.json')
const now = new Date('2026-07-01T00:00:00Z')

describe('an identity', () => {
  it('is the same when it is read again', async () => {
    const made = { ...await readIdentity(folder, now), port: 6443, mirrorPort: 8080 }
    keepIdentity(folder, made)
    expect(await readIdentity(folder, now)).toEqual(made)
  })

  it.each<[string, (text: string) => string]>([
    ['cut', text => text.slice(0, 200)],
    ['empty', () => ''],
    ['garbled', text => text.replace('{', '\u0000')],
    ['a list', () => '[]'],
    ['without tokens', text => text.replace('tokens', 'tikens')],
    ['with a token that is none', text => text.replace(/"admin":"[^"]+"/, '"admin":7')],
    ['with another key', text => text.replace(/(PRIVATE KEY-----\\n).{9}/, '$1AAAAAAAAA')],
    ['without its port', text => text.replace(/"port":\d+/, '"port":"x"')],
  ])('that is damaged is named without a word of what it holds: %s', async (_what, spoil) => {
    keepIdentity(folder, { ...await readIdentity(undefined, now), port: 6443, mirrorPort: 8080 })
    const text = readFileSync(path, 'utf8')
    expect(spoil(text)).not.toBe(text)
    writeFileSync(path, spoil(text))
    const error: unknown = await readIdentity(folder, now).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ name: 'UsageError', message: expect.stringMatching(new RegExp(`^${path} is damaged \\((its \\w+|not the JSON that was written)\\): put a copy of the folder back, or start a fresh cluster after mv ${folder} ${folder}.damaged$`)) as string })
  })
})
