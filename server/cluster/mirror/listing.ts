import type { Entry } from './catalogue.ts'
import type { Leaf } from './leaf.ts'

// Folders as web servers list them.

const escape = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')

function sizeOf(leaf: Leaf | undefined): string {
  if (leaf?.is === 'file')
    return String(leaf.file.size)
  return leaf?.is === 'text' ? String(Buffer.byteLength(leaf.text())) : '-'
}

/** `26-Nov-2026 03:12`. */
function dateOf(leaf: Leaf | undefined): string {
  if (leaf?.is !== 'file' && leaf?.is !== 'text')
    return '-'
  const [, day, month, year, time = ''] = new Date(leaf.modified).toUTCString().split(' ')
  return `${day}-${month}-${year} ${time.slice(0, 5)}`
}

/** nginx's autoindex: names, dates and sizes in a preformatted block. */
function nginxListing(path: string, entries: readonly Entry[]): string {
  const title = `Index of ${escape(path)}`
  const rows = entries.map(({ name, leaf }) => `<a href="${encodeURI(name)}">${escape(name)}</a>${' '.repeat(Math.max(1, 51 - name.length))}${dateOf(leaf).padEnd(17)} ${sizeOf(leaf).padStart(19)}`)
  return `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<h1>${title}</h1><hr><pre><a href="../">../</a>\r\n${rows.join('\r\n')}\r\n</pre><hr></body>\r\n</html>\r\n`
}

/** Apache's fancy index: a table, whose headings are links too. */
function apacheListing(path: string, entries: readonly Entry[]): string {
  const title = `Index of ${escape(path.replace(/\/$/, '') || '/')}`
  const rows = entries.map(({ name, leaf }) => `<tr><td valign="top"><img src="/icons/${leaf ? 'unknown' : 'folder'}.gif" alt="[${leaf ? '   ' : 'DIR'}]"></td><td><a href="${encodeURI(name)}">${escape(name)}</a></td><td align="right">${dateOf(leaf)}  </td><td align="right">${sizeOf(leaf)}</td></tr>`)
  return `<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<html><head><title>${title}</title></head><body><h1>${title}</h1>
<table><tr><th><img src="/icons/blank.gif" alt="[ICO]"></th><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th><th><a href="?C=S;O=A">Size</a></th></tr>
<tr><td></td><td><a href="../">Parent Directory</a></td><td>&nbsp;</td><td align="right">  - </td></tr>
${rows.join('\n')}
</table></body></html>
`
}

/** The page of a folder: Ubuntu's and Debian's servers are Apache, the others nginx. */
export function listingOf(path: string, entries: readonly Entry[]): string {
  return (/^\/(ubuntu-cloud-images|images)\//.test(path) ? apacheListing : nginxListing)(path, entries)
}
