import { createI18n, useI18n } from 'vue-i18n'
import { inject, readonly, ref } from 'vue'
import type { App, InjectionKey, Plugin, Ref } from 'vue'
import type { Extension, Language, Messages } from './extension.ts'

export const LANGUAGES: readonly Language[] = ['en', 'zh-CN']

/** Sentences of one owner; their keys begin with its id. Every extension is one. */
export type MessageSource = Pick<Extension, 'id' | 'messages'>

export interface ConsoleI18n {
  /** `app.use(i18n.plugin)` gives every component `useI18n()`, `$t` and `useLanguage()`. */
  readonly plugin: Plugin
  readonly language: Readonly<Ref<Language>>
  /** Loads the sentences of that language, then speaks it. */
  readonly setLanguage: (language: Language) => Promise<void>
  /** For sentences outside of components, e.g. the document's title. */
  readonly translate: (key: string, values?: Record<string, unknown>) => string
}

const languageKey: InjectionKey<ConsoleI18n> = Symbol('language')

/** Sentences of all owners, each language loaded when it is first spoken. English is the fallback, so load it first. */
export function createConsoleI18n(sources: readonly MessageSource[]): ConsoleI18n {
  const i18n = createI18n({ legacy: false, locale: 'en', fallbackLocale: 'en', missingWarn: false, fallbackWarn: false, messages: {} })
  const language = ref<Language>('en')
  const loaded = new Map<Language, Promise<void>>()

  async function load(wanted: Language): Promise<void> {
    const parts = await Promise.all(sources.map(async source => [source.id, (await source.messages[wanted]()).default] as const))
    const messages: Messages = Object.fromEntries(parts)
    i18n.global.setLocaleMessage(wanted, messages as never)
  }

  async function setLanguage(wanted: Language): Promise<void> {
    const ready = loaded.get(wanted) ?? load(wanted)
    loaded.set(wanted, ready)
    await ready.catch((thrown: unknown) => { loaded.delete(wanted); throw thrown })
    i18n.global.locale.value = wanted
    language.value = wanted
  }

  const made: ConsoleI18n = {
    plugin: { install: (app: App) => { app.use(i18n); app.provide(languageKey, made) } },
    language: readonly(language),
    setLanguage,
    translate: (key, values) => i18n.global.t(key, values ?? {}),
  }
  return made
}

/** The language spoken, and how to change it. Call in setup. */
export function useLanguage(): Pick<ConsoleI18n, 'language' | 'setLanguage'> {
  const found = inject(languageKey)
  if (!found)
    throw new Error('useLanguage needs the plugin of createConsoleI18n')
  return found
}

export { useI18n }
