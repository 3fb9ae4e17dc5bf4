import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { kubeconfigOf, makeFolder, startConsole } from './testCluster.ts'
import type { TestConsole } from './testCluster.ts'

let running: TestConsole | undefined
afterEach(async () => running?.app.stop())

describe('the files of the console', () => {
  async function policyOf(path: string): Promise<string | null> {
    const root = makeFolder()
    mkdirSync(join(root, 'assets'))
    for (const file of ['index.html', 'assets/index-Ab_1.js', 'assets/fileDigest.worker-B-x_9.js'])
      writeFileSync(join(root, file), '')
    running = await startConsole(kubeconfigOf({ cluster: { server: 'http://127.0.0.1:1' } }), { consoleRoot: root })
    const answer = await fetch(running.url + path)
    expect(answer.status).toBe(200)
    return answer.headers.get('content-security-policy')
  }

  it('let a worker compile WebAssembly, and load nothing', async () => {
    expect(await policyOf('/assets/fileDigest.worker-B-x_9.js')).toBe('default-src \'none\'; script-src \'self\' \'wasm-unsafe-eval\'')
  })

  it.each(['/', '/assets/index-Ab_1.js'])('do not let a page do so: %s', async path => {
    const policy = await policyOf(path)
    expect(policy).toContain('script-src \'self\';')
    expect(policy).not.toContain('wasm')
  })
})
