import { defineExtension, findable } from '#sdk/extension.ts'
import { VMS } from './vm.ts'

export default defineExtension({
  id: 'vms',
  nav: [{
    path: '/virtual-machines',
    title: 'vms.nav',
    order: 30,
    icon: 'M2.5 4h15v9.5h-15zM7 17h6M10 13.5V17',
    badge: () => import('./VmsBadge.vue'),
  }],
  routes: [
    { path: '/virtual-machines', name: 'virtual-machines', component: () => import('./VmListPage.vue') },
    { path: '/virtual-machines/create', name: 'vm-create', component: () => import('./VmCreatePage.vue') },
    { path: '/virtual-machines/:namespace/:name', name: 'virtual-machine', component: () => import('./VmPage.vue') },
  ],
  panels: [
    { slot: 'overview', order: 30, id: 'virtual-machines', component: () => import('./VmsPanel.vue') },
  ],
  kinds: [
    findable({ resource: VMS, title: 'vms.kind', path: ({ namespace, name }) => `/virtual-machines/${namespace}/${name}` }),
  ],
  messages: { 'en': () => import('./locales/en.ts'), 'zh-CN': () => import('./locales/zh-CN.ts') },
})
