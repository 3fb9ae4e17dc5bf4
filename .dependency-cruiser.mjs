// The floors of docs/adr/0001: an import goes down or sideways, never up.
const extension = '(images|volumes|vms|health)'
const library = (...names) => `node_modules/(${names.join('|')})/`

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    { name: 'no-cycles', comment: 'A cycle of types alone is no cycle when the program runs.', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    {
      name: 'kube-stands-alone',
      severity: 'error',
      from: { path: '^pkg/kube/', pathNot: '(\\.spec|/scriptedServer)\\.ts$' },
      to: { pathNot: ['^pkg/kube/', library('axios')] },
    },
    {
      name: 'one-file-speaks-http',
      severity: 'error',
      from: { path: '^(pkg|src)/', pathNot: '^pkg/kube/(client|client\\.spec)\\.ts$' },
      to: { path: library('axios', 'undici', 'ws') },
    },
    {
      name: 'judgements-are-pure',
      comment: 'The .ts modules of an extension are shared with the server: no Vue, no HTTP, no clock.',
      severity: 'error',
      from: { path: `^pkg/${extension}/.+\\.ts$`, pathNot: '(/index|/use[A-Z]\\w*|\\.spec|/locales/\\w+)\\.ts$' },
      to: { path: ['\\.vue$', '^(pkg/sdk|src|server)/', library('vue', '@vue', 'pinia', 'element-plus', 'axios', 'vue-i18n', 'vue-router', '@vueuse')] },
    },
    {
      name: 'extensions-are-strangers',
      comment: 'Another extension is met through its pure modules only.',
      severity: 'error',
      from: { path: `^pkg/${extension}/` },
      to: { path: `^pkg/${extension}/.*(\\.vue|/use[A-Z]\\w*\\.ts|/index\\.ts|/locales/.*)$`, pathNot: '^pkg/$1/' },
    },
    { name: 'extensions-know-no-host', severity: 'error', from: { path: '^pkg/' }, to: { path: '^(src|server)/' } },
    { name: 'sdk-knows-no-extension', severity: 'error', from: { path: '^pkg/sdk/' }, to: { path: `^pkg/(${extension}|rancher)/` } },
    {
      name: 'host-sees-entries-only',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: `^pkg/${extension}/`, pathNot: '/index\\.ts$' },
    },
    {
      name: 'server-has-no-ui',
      severity: 'error',
      from: { path: '^server/' },
      to: { path: ['\\.vue$', '^(pkg/sdk|src)/', library('vue', '@vue', 'pinia', 'element-plus')] },
    },
    {
      name: 'e2e-sees-what-the-operator-sees',
      severity: 'error',
      from: { path: '^e2e/', pathNot: '^e2e/cluster/manifests/' },
      to: { path: '^(src|pkg|server)/' },
    },
    {
      name: 'manifests-are-made-as-the-console-makes-them',
      comment: 'What the console and its server write is judged by upstream, so it is made by the functions that they call.',
      severity: 'error',
      from: { path: '^e2e/cluster/manifests/' },
      to: { path: ['^src/', '^server/(?!(accessReview|exportLease)\\.ts$)', '^pkg/sdk/', '^pkg/.*(\\.vue|/use[A-Z]\\w*\\.ts|/index\\.ts)$'] },
    },
    { name: 'no-orphans-of-npm', severity: 'error', from: {}, to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'unknown', 'undetermined'], pathNot: '\\?raw$' } },
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^virtual:' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], mainFields: ['module', 'main', 'types'], extensions: ['.ts', '.vue', '.js', '.mjs', '.json'] },
  },
}
