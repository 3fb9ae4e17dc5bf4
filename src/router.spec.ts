// @vitest-environment happy-dom
import { beforeEach, expect, it } from 'vitest'
import { createConsoleRouter } from './router.ts'

beforeEach(() => { history.replaceState(null, '', '/') })

it('the address without a cluster leads to the first one that the session has by then', async () => {
  const session: { first?: string } = {}
  const router = createConsoleRouter([], () => session.first)
  await router.push('/?ns=lab')
  expect(router.currentRoute.value.path).toBe('/')
  session.first = 'lab cluster'
  await router.push({ path: '/', query: { ns: 'lab' }, force: true })
  expect(router.currentRoute.value.fullPath).toBe('/c/lab%20cluster?ns=lab')
})
