import { readFileSync, readdirSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join, resolve } from 'node:path'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Manifest } from '#kube/object.ts'
import { Api } from '../../api.ts'
import { contextsOf, readAccess } from '../../kubeconfig.ts'
import { startEmbedded } from '../stories/embedded.ts'
import { catalogueOf } from './catalogue.ts'
import { send, stand } from './standing.ts'

// Whether the catalogue holds everything that the console and its server can write. A write is data, and data of that shape is made in few ways:
// each function in which one is made must have run while the catalogue was made, and each file that sends anything is known here.

const root = resolve(import.meta.dirname, '../../..')

/** Who sends what, beside `carryOut`, which sends writes that are data. */
const SENDERS: Readonly<Record<string, string>> = {
  'pkg/images/useImageActions.ts': 'removes images, which needs no manifest',
  'pkg/images/useImageCreate.ts': 'planImage',
  'pkg/images/useImageEdit.ts': 'planEdit',
  'pkg/images/useImageUpload.ts': 'planUploadImage',
  'pkg/images/useRecreation.ts': 'recreationOf, rehearsalOf and makeNote',
  'pkg/images/useUpstreamCheck.ts': 'keepCheck',
  'pkg/sdk/defineProxyStore.ts': 'what it is given',
  'pkg/sdk/useOperator.ts': 'whoAmI',
  'pkg/vms/makeVm.ts': 'planVm by carryOut; takes back the Secret of a VM that was refused',
  'server/accessReview.ts': 'accessReviewOf',
  'server/exportLease.ts': 'leaseManifest',
}

function filesBelow(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).filter(name => pattern.test(name) && !name.endsWith('.spec.ts')).map(name => join(folder, name)).sort()
}

/** What reaches a cluster: the console and its server. The embedded cluster writes into itself, `kube` sends what it is given, save for its two questions, which are in the catalogue, and what the server's own tests need is none of its work. */
function programs(pattern: RegExp): string[] {
  return ['pkg', 'server', 'src'].flatMap(folder => filesBelow(folder, pattern)).filter(file => !/^(pkg\/kube|server\/cluster)\/|^server\/test[A-Z]/.test(file))
}

const sourceOf = (file: string) => readFileSync(join(root, file), 'utf8')

/** Whether a node makes a write: by the two constructors, out of another one, or as a literal with an act or a patch's type. */
function makesWrite(node: ts.Node): boolean {
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression))
    return ['createOf', 'patchOf', 'heldToVersion'].includes(node.expression.text)
  const field = (name: string, ...values: readonly string[]) => ts.isObjectLiteralExpression(node) && node.properties.some(property => ts.isPropertyAssignment(property) && property.name.getText() === name && ts.isStringLiteral(property.initializer) && values.includes(property.initializer.text))
  return field('act', 'create', 'patch', 'call') || field('type', 'merge', 'json')
}

/** Whether a function says that it answers a manifest or a patch. */
function answersOne(node: ts.Node): boolean {
  return ts.isFunctionDeclaration(node) && /^(Manifest<.*>|Patch)$/.test(node.type?.getText() ?? '')
}

/** The functions of a file, `file#name`, in which a write, a patch or a manifest is made. */
function makersIn(file: string): string[] {
  const makers = new Set<string>()
  const visit = (node: ts.Node, within: string) => {
    const name = (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.name ? node.name.getText() : ts.isVariableDeclaration(node) && node.initializer && ts.isArrowFunction(node.initializer) ? node.name.getText() : within
    if (makesWrite(node) || answersOne(node))
      makers.add(`${file}#${name}`)
    ts.forEachChild(node, child => { visit(child, name) })
  }
  visit(ts.createSourceFile(file, sourceOf(file), ts.ScriptTarget.Latest, true), '')
  return [...makers]
}

const SENDS = /\b(?:proxy|client|store)\.(?:create|patch|replace|call|remove)\(/

let ran = new Set<string>()
let catalogue: ReturnType<typeof catalogueOf> = []
let cluster: Awaited<ReturnType<typeof startEmbedded>>
let api: Api

/** What ran while something was made. */
async function whatRuns(make: () => void): Promise<Set<string>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  make()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  await session.post('Profiler.stopPreciseCoverage')
  session.disconnect()
  return new Set(result.flatMap(({ url, functions }) => functions.filter(({ ranges }) => (ranges[0]?.count ?? 0) > 0).map(({ functionName }) => `${url.replace('file://', '').replace(`${root}/`, '')}#${functionName}`)))
}

beforeAll(async () => {
  cluster = await startEmbedded({ pace: 3 })
  api = new Api(readAccess(cluster.kubeconfig, contextsOf(cluster.kubeconfig)[0] ?? ''))
  const standing = await stand(api, true)
  ran = await whatRuns(() => { catalogue = catalogueOf(standing) })
}, 120_000)
afterAll(async () => {
  await api.close()
  await cluster.stop()
})

describe('everything that the console and its server can write is in the catalogue', () => {
  const makers = programs(/\.(ts|vue)$/).flatMap(makersIn)

  it('and there is much of it', () => {
    expect(makers.length).toBeGreaterThan(20)
  })

  it.each(makers)('%s', maker => {
    expect(ran).toContain(maker)
  })

  it('and nobody sends anything else', () => {
    const senders = programs(/\.(ts|vue)$/).filter(file => SENDS.test(sourceOf(file)))
    expect(senders).toEqual(Object.keys(SENDERS))
  })
})

it('the embedded cluster takes all of it, strictly', async () => {
  const refused: string[] = []
  for (const [what, writes] of catalogue) {
    if (!writes.length)
      refused.push(`${what}: nothing is written`)
    for (const write of writes) {
      const { status, text } = await send(api, write)
      if (status >= 300)
        refused.push(`${what}: ${status} ${text}`)
    }
  }
  expect(refused).toEqual([])
}, 120_000)

it('the embedded cluster takes none of it with a field that there is not', async () => {
  const taken: string[] = []
  for (const [what, writes] of catalogue) {
    for (const write of writes.filter(one => one.act === 'create' || one.act === 'replace')) {
      const { status, text } = await send(api, { ...write, manifest: { ...write.manifest, colour: 'red' } as Manifest })
      if (status !== 400 || !text.includes('unknown field \\"colour\\"'))
        taken.push(`${what}: ${status} ${text}`)
    }
  }
  expect(taken).toEqual([])
}, 120_000)
