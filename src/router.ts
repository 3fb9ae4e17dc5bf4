import { createRouter, createWebHistory } from 'vue-router'
import type { Router, RouteRecordRaw } from 'vue-router'
import type { Extension } from '#sdk/extension.ts'
import type { Clusters } from './clusters.ts'
import { firstCluster } from './clusters.ts'
import ClusterView from './ClusterView.vue'

const OverviewPage = () => import('./OverviewPage.vue')
const MissingPage = () => import('./MissingPage.vue')

function pagesOf(extensions: readonly Extension[]): RouteRecordRaw[] {
  return extensions.flatMap(extension => (extension.routes ?? []).map(route => ({ path: route.path.slice(1), name: `${extension.id}/${route.name}`, component: route.component })))
}

/** Every page lies below a cluster: `/c/<cluster>/images`. */
export function createConsoleRouter(extensions: readonly Extension[], clusters: Clusters): Router {
  const first = firstCluster(clusters)
  return createRouter({
    history: createWebHistory(),
    routes: [
      { path: '/', redirect: to => ({ path: first === undefined ? '/c' : `/c/${encodeURIComponent(first)}`, query: to.query }) },
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
}
