import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import vue from '@vitejs/plugin-vue'
import manifest from './package.json' with { type: 'json' }

// Its thousand generated API models take longer to load than the server to start; only KubeConfig is wanted.
const KUBE_CLIENT = '@kubernetes/client-node'
// node-fetch, which KubeConfig brings, warns of its age (DEP0040) anywhere but in node_modules.
const SERVER_LIBRARIES = [...Object.keys(manifest.dependencies).filter(name => name !== KUBE_CLIENT), 'node-fetch']

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
    ? {
        outDir: 'dist/server', target: 'node20', emptyOutDir: true, copyPublicDir: false,
        rolldownOptions: { treeshake: { moduleSideEffects: (id: string) => !id.includes(`/${KUBE_CLIENT}/`) } },
      }
    : { outDir: 'dist/console', emptyOutDir: true, manifest: true, assetsInlineLimit: 0 },
  ...isSsrBuild && { ssr: { noExternal: true, external: SERVER_LIBRARIES } },
  test: {
    environment: 'node',
    globalSetup: ['server/testFolders.ts'],
    include: ['{src,pkg,server,bench}/**/*.spec.ts', 'scripts/*.spec.mjs'],
    // Processes that are killed and started again by the dozen: a tier of its own (npm run test:kills).
    exclude: process.env.KILLS ? [] : ['server/keeperProcess.spec.ts'],
    css: false,
    // Vitest leaves one core free: on a machine with two that is half of it. Many tests only wait for a socket.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // On a busy machine a second is over before a frame is drawn.
    expect: { poll: { timeout: 10_000 } },
  },
}))
