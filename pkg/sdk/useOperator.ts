import { SELF_SUBJECT_REVIEWS, whoAmI } from '#kube/core.ts'
import { useProxyStore } from './proxyStore.ts'

/** Asks the cluster what it calls the user; `''` where it does not say. Call in setup, await the answer when it is needed. */
export function useOperator(): () => Promise<string> {
  const proxy = useProxyStore()
  return async () => {
    const { object } = await proxy.create(SELF_SUBJECT_REVIEWS, whoAmI()).catch(() => ({ object: undefined }))
    return object?.status?.userInfo?.username ?? ''
  }
}
