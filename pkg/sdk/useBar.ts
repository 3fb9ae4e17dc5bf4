import type { Permission } from '#kube/write.ts'
import { barOf, permissionText } from '#kube/write.ts'
import { useI18n } from './i18n.ts'
import { useProxyStore } from './proxyStore.ts'

/**
 * Why a form's act is not to be had, in words: what the cluster does not serve of it, else what the user may not do.
 * While the cluster has not answered nothing is barred, for it decides in the end. Call in setup; the answer is reactive.
 */
export function useBar() {
  const proxy = useProxyStore()
  const { t } = useI18n()

  return function barredBy(needed: readonly Permission[]): string | undefined {
    const bar = barOf(needed, ({ verb, resource, where }) => proxy.can(verb, resource, where).state, 'absent', 'denied')
    return bar && t(`sdk.barred.${bar.state}`, { permission: permissionText(bar.permission) })
  }
}
