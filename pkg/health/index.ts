import { defineExtension, findable } from '#sdk/extension.ts'
import { BACKING_IMAGES, LONGHORN_NODES } from './longhorn.ts'

export default defineExtension({
  id: 'health',
  nav: [{
    path: '/backing-images',
    title: 'health.nav',
    order: 40,
    icon: 'M2.5 10.5h3.5l2-5 3.5 9 2.2-4h3.8',
    badge: () => import('./HealthBadge.vue'),
  }],
  routes: [
    { path: '/backing-images', name: 'backing-images', component: () => import('./BackingImageListPage.vue') },
    { path: '/backing-images/:name', name: 'backing-image', component: () => import('./BackingImagePage.vue') },
  ],
  panels: [
    { slot: 'overview', order: 10, id: 'backing-images', component: () => import('./HealthPanel.vue') },
  ],
  kinds: [
    findable({ resource: BACKING_IMAGES, title: 'health.kind', path: ({ name }) => `/backing-images/${name}` }),
    // What a node holds of images: the list narrowed to it.
    findable({ resource: LONGHORN_NODES, title: 'health.node', path: ({ name }) => `/backing-images?q=${encodeURIComponent(name)}` }),
  ],
  messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') },
})
