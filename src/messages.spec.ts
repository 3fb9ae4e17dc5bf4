import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Messages } from '#sdk/extension.ts'
import { EXTENSIONS } from './extensions.ts'

const SOURCES = [
  ...EXTENSIONS,
  { id: 'sdk', messages: { 'en': () => import('#sdk/locales/en.ts'), 'zh-CN': () => import('#sdk/locales/zh-CN.ts') } },
  { id: 'host', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } },
]
const root = resolve(import.meta.dirname, '..')

function flatten(messages: Messages, prefix: string): [string, string][] {
  return Object.entries(messages).flatMap(([key, value]) => typeof value === 'string' ? [[`${prefix}.${key}`, value]] : flatten(value, `${prefix}.${key}`))
}

async function sentences(language: 'en' | 'zh-CN'): Promise<Map<string, string>> {
  const parts = await Promise.all(SOURCES.map(async source => flatten((await source.messages[language]()).default, source.id)))
  return new Map(parts.flat())
}

function placeholders(sentence: string): string[] {
  return [...new Set([...sentence.matchAll(/\{(\w+)\}/g)].map(match => match[1] ?? ''))].sort()
}

function sources(): { file: string, text: string }[] {
  return ['src', 'pkg'].flatMap(folder => readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => /\.(vue|ts)$/.test(file) && !file.includes('.spec.') && !file.includes('locales'))
    .map(file => ({ file: join(folder, file), text: readFileSync(join(root, folder, file), 'utf8') })))
}

/** Quoted texts that look like a key, with `*` for each made part, which is one word; also those within the made parts. */
function keysIn(text: string): string[] {
  const inner: string[] = []
  let flat = ''
  for (let at = 0; at < text.length; at++) {
    if (!text.startsWith('${', at)) {
      flat += text[at]
      continue
    }
    let end = at + 2
    for (let depth = 1; depth > 0 && end < text.length; end++)
      depth += text[end] === '{' ? 1 : text[end] === '}' ? -1 : 0
    inner.push(text.slice(at + 2, end - 1))
    flat += '*'
    at = end - 1
  }
  return [...[...flat.matchAll(/(['"`])([a-z][\w-]*(?:\.[\w*-]+)+)\1/g)].map(match => match[2] ?? ''), ...inner.flatMap(keysIn)]
}

describe('every sentence on screen', () => {
  it('is there in English and in Chinese', async () => {
    const [english, chinese] = await Promise.all([sentences('en'), sentences('zh-CN')])
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort())
    expect(english.size).toBeGreaterThan(200)
  })

  it('takes the same facts in both languages', async () => {
    const [english, chinese] = await Promise.all([sentences('en'), sentences('zh-CN')])
    const differing = [...english].filter(([key, sentence]) => placeholders(sentence).join() !== placeholders(chinese.get(key) ?? '').join())
    expect(differing.map(([key]) => key)).toEqual([])
  })

  it('is written where a key asks for it', async () => {
    const keys = [...(await sentences('en')).keys()]
    const asked = sources().flatMap(({ file, text }) => [...text.matchAll(/\bt\(\s*(['`])([a-z]\w*\.[^'`\s]+)\1/g)].map(match => ({ file, key: match[2] ?? '' })))
    const missing = asked.filter(({ key }) => {
      const pattern = new RegExp(`^${key.replaceAll('.', '\\.').replaceAll(/\$\{[^}]*\}+/g, '.+')}(\\..+)?$`)
      return !keys.some(known => pattern.test(known))
    })
    expect(missing).toEqual([])
    expect(asked.length).toBeGreaterThan(150)
  })

  it('is asked for somewhere: by its key, or by a key made of parts', async () => {
    // Any text that may be a key counts, not only what stands in t(…): keys travel in data too.
    const texts = new Set(sources().flatMap(({ text }) => keysIn(text)))
    const patterns = [...texts].map(text => new RegExp(`^${text.replaceAll('.', '\\.').replaceAll('*', '[^.]+')}$`))
    const unused = [...(await sentences('en')).keys()].filter(key => !patterns.some(pattern => pattern.test(key)))
    expect(unused).toEqual([])
  })
})
