import { CLAIMS } from '#kube/core.ts'
import { defineExtension, findable } from '#sdk/extension.ts'

export default defineExtension({
  id: 'volumes',
  nav: [
    { path: '/volumes', title: 'volumes.nav', order: 20, icon: 'M4 5c0-1.4 2.7-2.5 6-2.5S16 3.6 16 5s-2.7 2.5-6 2.5S4 6.4 4 5zM4 5v10c0 1.4 2.7 2.5 6 2.5s6-1.1 6-2.5V5M4 10c0 1.4 2.7 2.5 6 2.5s6-1.1 6-2.5' },
    { path: '/exports', title: 'volumes.exports.nav', order: 50, icon: 'M10 12.5V3M6.5 6.5 10 3l3.5 3.5M3.5 12v4.5h13V12', badge: () => import('./ExportsBadge.vue') },
  ],
  routes: [
    { path: '/volumes', name: 'volumes', component: () => import('./VolumeListPage.vue') },
    { path: '/volumes/:namespace/:name/export', name: 'volume-export', component: () => import('./VolumeExportPage.vue') },
    { path: '/volumes/:namespace/:name', name: 'volume', component: () => import('./VolumePage.vue') },
    { path: '/exports', name: 'exports', component: () => import('./ExportListPage.vue') },
    { path: '/exports/create', name: 'export-create', component: () => import('./ExportChoosePage.vue') },
    { path: '/exports/:namespace/:name', name: 'export', component: () => import('./ExportPage.vue') },
  ],
  panels: [
    { slot: 'overview', order: 5, id: 'open-exports', component: () => import('./OpenExportsPanel.vue') },
    { slot: 'virtual-machine', order: 5, id: 'open-exports', component: () => import('./OpenExportsPanel.vue') },
    { slot: 'tasks', order: 10, id: 'open-exports', component: () => import('./OpenExportsPanel.vue') },
  ],
  kinds: [
    findable({ resource: CLAIMS, title: 'volumes.kind', path: ({ namespace, name }) => `/volumes/${namespace}/${name}` }),
  ],
  messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') },
})
