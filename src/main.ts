import '#sdk/elements.css'
import '#sdk/theme.css'
import './frame.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import type { Language } from '#sdk/extension.ts'
import { createConsoleI18n } from '#sdk/i18n.ts'
import type { MessageSource } from '#sdk/i18n.ts'
import { useNotices } from '#sdk/notices.ts'
import App from './App.vue'
import { fetchClusters, firstCluster } from './clusters.ts'
import { EXTENSIONS } from './extensions.ts'
import { bringPages, mindMissingPages } from './pageLoading.ts'
import { createConsoleRouter } from './router.ts'
import { createSession, sessionKey } from './session.ts'
import { preferredLanguage } from './useChoices.ts'

const FRAME: readonly MessageSource[] = [
  { id: 'sdk', messages: { 'en': () => import('#sdk/locales/en.ts'), 'zh-CN': () => import('#sdk/locales/zh-CN.ts') } },
  { id: 'host', messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') } },
]

async function start(): Promise<void> {
  const i18n = createConsoleI18n([...FRAME, ...EXTENSIONS])
  const speak = (language: Language) => i18n.setLanguage(language)
  const [clusters] = await Promise.all([fetchClusters(), speak('en').then(() => speak(preferredLanguage()))])
  const session = createSession(clusters)
  const app = createApp(App)
  app.provide(sessionKey, session)
  const router = createConsoleRouter(EXTENSIONS, () => firstCluster(session.clusters.value))
  app.use(createPinia()).use(i18n.plugin).use(router)
  mindMissingPages(router, () => useNotices().notify({ tone: 'attention', text: i18n.translate('host.page.missing') }))
  app.mount('#app')
  bringPages(EXTENSIONS)
}

void start()
