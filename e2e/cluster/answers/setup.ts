import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import { OwnConsole } from '../../embedded.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The kubeconfig of the embedded cluster. */
    readonly embedded: string
  }
}

const PORT = 8770

/** An embedded cluster as the operator starts it. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const own = new OwnConsole(PORT)
  await own.start()
  project.provide('embedded', join(own.folder, 'demo.kubeconfig'))
  return () => own.remove()
}
