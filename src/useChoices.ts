import { createSharedComposable, useLocalStorage, usePreferredDark } from '@vueuse/core'
import { computed, watchEffect } from 'vue'
import type { Language } from '#sdk/extension.ts'
import { LANGUAGES, useLanguage } from '#sdk/i18n.ts'

export type ThemeChoice = 'light' | 'dark' | 'system'
export const THEMES: readonly ThemeChoice[] = ['system', 'light', 'dark']

// public/theme.js reads the same key before the first paint.
const THEME_KEY = 'guardrails.theme'
const LANGUAGE_KEY = 'guardrails.language'

/** The language chosen before; else the browser's, as far as we speak it. */
export function preferredLanguage(): Language {
  const kept = localStorage.getItem(LANGUAGE_KEY)
  return LANGUAGES.find(language => language === kept) ?? (navigator.language.startsWith('zh') ? 'zh-CN' : 'en')
}

/** Light, dark, or as the system has it; one choice for all that read it. */
export const useTheme = createSharedComposable(() => {
  const choice = useLocalStorage<ThemeChoice>(THEME_KEY, 'system')
  const systemDark = usePreferredDark()
  const dark = computed(() => choice.value === 'dark' || (choice.value !== 'light' && systemDark.value))
  watchEffect(() => { document.documentElement.dataset.theme = dark.value ? 'dark' : 'light' })
  return { choice, dark }
})

/** The language spoken, kept for the next visit and named on the document. Call in setup. */
export function useSpeech() {
  const { language, setLanguage } = useLanguage()
  watchEffect(() => { document.documentElement.lang = language.value })

  async function choose(wanted: Language): Promise<void> {
    await setLanguage(wanted)
    localStorage.setItem(LANGUAGE_KEY, wanted)
  }
  return { language, choose }
}
