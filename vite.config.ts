import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'

// One file for the console, the server bundle and the unit tests: three readers, one set of rules.
export default defineConfig(({ isSsrBuild }) => ({
  plugins: [vue()],
  define: {
    __VUE_OPTIONS_API__: 'false',
    __VUE_I18N_FULL_INSTALL__: 'false',
    __VUE_I18N_LEGACY_API__: 'false',
    __INTLIFY_PROD_DEVTOOLS__: 'false',
  },
  build: isSsrBuild
    ? { outDir: 'dist/server', target: 'node20', emptyOutDir: true }
    : { outDir: 'dist/console', emptyOutDir: true, manifest: true, assetsInlineLimit: 0 },
  test: {
    environment: 'node',
    include: ['{src,pkg,server,bench}/**/*.spec.ts'],
    css: false,
  },
}))
