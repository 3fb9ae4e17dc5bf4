import js from '@eslint/js'
import stylistic from '@stylistic/eslint-plugin'
import globals from 'globals'
import ts from 'typescript-eslint'
import vue from 'eslint-plugin-vue'

export default ts.config(
  { ignores: ['dist/', 'node_modules/', '.cache/', 'test-results/', 'playwright-report/', 'docs/'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...vue.configs['flat/recommended'],
  stylistic.configs.customize({ semi: false, quotes: 'single', arrowParens: false, braceStyle: 'stroustrup' }),
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: ts.parser }, globals: globals.browser },
  },
  { files: ['**/*.mjs', '*.js'], languageOptions: { globals: globals.node } },
  {
    files: ['**/*.{ts,vue,mjs,js}'],
    rules: {
      'no-undef': 'off', // the type checker's work
      '@stylistic/arrow-parens': ['error', 'as-needed'],
      'max-depth': ['error', 3],
      'max-lines': ['error', { max: 250, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
      'eqeqeq': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@stylistic/max-statements-per-line': 'off',
      'vue/block-order': ['error', { order: ['script', 'template', 'style'] }],
      'vue/component-api-style': ['error', ['script-setup']],
      'vue/define-props-declaration': ['error', 'type-based'],
      'vue/define-emits-declaration': ['error', 'type-based'],
      'vue/max-attributes-per-line': ['error', { singleline: 4 }],
      'vue/singleline-html-element-content-newline': 'off',
      'vue/require-default-prop': 'off',
      'vue/html-self-closing': ['error', { html: { void: 'always' } }],
      'vue/component-name-in-template-casing': 'error',
      'vue/max-lines-per-block': ['error', { script: 80, template: 80, skipBlankLines: true }],
    },
  },
  // Tables of cases and a seed are data: long is not deep.
  { files: ['**/*.spec.ts', 'e2e/**', 'pkg/*/locales/**', 'server/cluster/kinds/**', 'server/cluster/seed/**'], rules: { 'max-lines': 'off' } },
  { files: ['scripts/**', 'bench/**', 'e2e/**', 'server/cli/**'], rules: { 'no-console': 'off' } },
)
