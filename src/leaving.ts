import { onScopeDispose } from 'vue'
import type { Router } from 'vue-router'
import type { Confirm } from '#sdk/confirm.ts'
import type { HoldLeaving } from '#sdk/host.ts'
import type { useI18n } from '#sdk/i18n.ts'

/** Asks before the page is left, by a link, the browser's own buttons or its tab, while something is held on it. */
export function holdLeaving(router: Router, confirm: Confirm['confirm'], t: ReturnType<typeof useI18n>['t']): HoldLeaving {
  return isHeld => {
    const warn = (event: BeforeUnloadEvent): void => {
      if (isHeld())
        event.preventDefault()
    }
    addEventListener('beforeunload', warn)
    const mayLeave = async () => !isHeld() || confirm({ title: t('host.leaving.title'), verb: t('host.leaving.verb'), irreversible: t('host.leaving.cost') })
    const stop = router.beforeEach(async (to, from) => to.path === from.path || mayLeave())
    onScopeDispose(() => {
      removeEventListener('beforeunload', warn)
      stop()
    })
    return mayLeave
  }
}
