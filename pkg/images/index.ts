import { defineExtension, findable } from '#sdk/extension.ts'
import { IMAGES } from './image.ts'

export default defineExtension({
  id: 'images',
  nav: [{
    path: '/images',
    title: 'images.nav',
    order: 10,
    icon: 'M3 4.5h14v11H3zM3 13l4-4 3.5 3.5L13 10l4 4M7 7.5h.01',
    badge: () => import('./ImagesBadge.vue'),
  }],
  routes: [
    { path: '/images', name: 'images', component: () => import('./ImageListPage.vue') },
    { path: '/images/create', name: 'image-create', component: () => import('./ImageCreatePage.vue') },
    { path: '/images/:namespace/:name', name: 'image', component: () => import('./ImagePage.vue') },
  ],
  panels: [
    { slot: 'overview', order: 6, id: 'recreations', component: () => import('./RecreationsPanel.vue') },
    { slot: 'tasks', order: 11, id: 'recreations', component: () => import('./RecreationsPanel.vue') },
    { slot: 'overview', order: 20, id: 'image-sources', component: () => import('./ImageSourcesPanel.vue') },
  ],
  kinds: [
    findable({
      resource: IMAGES,
      title: 'images.kind',
      label: image => image.spec.displayName,
      path: ({ namespace, name }) => `/images/${namespace}/${name}`,
    }),
  ],
  messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') },
})
