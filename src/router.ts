import { createRouter, createWebHistory } from 'vue-router'
import type { Router, RouteRecordRaw } from 'vue-router'
import type { Extension } from '#sdk/extension.ts'
import ClusterView from './ClusterView.vue'

const OverviewPage = () => import('./OverviewPage.vue')
const MissingPage = () => import('./MissingPage.vue')

function pagesOf(extensions: readonly Extension[]): RouteRecordRaw[] {
  return extensions.flatMap(extension => (extension.routes ?? []).map(route => ({ path: route.path.slice(1), name: `${extension.id}/${route.name}`, component: route.component })))
}

/** Every page lies below a cluster: `/c/<cluster>/images`. `first` names the one to begin with; the session may learn it later. */
export function createConsoleRouter(extensions: readonly Extension[], first: () => string | undefined): Router {
  const router = createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/', component: ClusterView, children: [{ path: '', component: OverviewPage }] },
      {
        path: '/c/:cluster',
        component: ClusterView,
        children: [
          { path: '', component: OverviewPage },
          ...pagesOf(extensions),
          { path: ':rest(.*)*', component: MissingPage },
        ],
      },
      { path: '/:rest(.*)*', component: ClusterView, children: [{ path: '', component: MissingPage }] },
    ],
  })
  // Not a redirect of the route: the same address leads further once the session knows a cluster.
  router.beforeEach(({ path, query }) => {
    const cluster = path === '/' ? first() : undefined
    return cluster === undefined || { path: `/c/${encodeURIComponent(cluster)}`, query }
  })
  return router
}
