import type { KubeClient } from '#kube/client.ts'
import type { Write } from './controllers/step.ts'

/** Does what a write asks for. Throws ApiErrors; a removal is not for here. */
export async function carryOut(client: KubeClient, write: Write, options: { readonly dryRun?: boolean } = {}): Promise<void> {
  if (write.do === 'create')
    await client.create(write.kind, write.object, options)
  if (write.do !== 'patch')
    return
  const metadata = { ...(write.body as { metadata?: object }).metadata, ...(write.expect === undefined ? {} : { resourceVersion: write.expect }) }
  await client.patch(write.kind, write.at, { type: 'merge', body: { ...write.body, metadata } }, { ...options, ...(write.part === 'status' ? { subresource: 'status' } : {}) })
}
