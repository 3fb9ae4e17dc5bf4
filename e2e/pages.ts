/** Every page of the console on the embedded cluster, with what must be seen before it counts as drawn. */
export const PAGES: readonly { readonly name: string, readonly path: string, readonly shows: RegExp }[] = [
  { name: 'overview', path: '/', shows: /./ },
  { name: 'images', path: '/images', shows: /jammy/i },
  { name: 'image-create', path: '/images/create', shows: /./ },
  { name: 'volumes', path: '/volumes', shows: /web-01-root/ },
  { name: 'volume-export', path: '/volumes/production/web-01-root/export', shows: /web-01/ },
  { name: 'exports', path: '/exports', shows: /./ },
  { name: 'virtual-machines', path: '/virtual-machines', shows: /web-01/ },
  { name: 'vm-create', path: '/virtual-machines/create', shows: /./ },
  { name: 'backing-images', path: '/backing-images', shows: /node-1/ },
]
