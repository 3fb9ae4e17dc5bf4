export interface ListedName { readonly name: string, readonly directory: boolean }

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  }
  catch {
    return text
  }
}

/**
 * The names in a directory as a web server lists them in HTML (Apache, nginx, lighttpd, S3 browsers that write links), in
 * the page's order. Links that lead elsewhere, up, or sort the page are passed over. `url` is the directory's own, with a
 * slash at its end. Never throws.
 */
export function readListing(html: string, url: string): ListedName[] {
  const base = new URL('.', url)
  const found = new Map<string, ListedName>()
  for (const [, double, single, bare] of html.matchAll(/<a\s[^>]{0,400}?href\s*=\s*(?:"([^"]{1,2000})"|'([^']{1,2000})'|([^\s>"']{1,2000}))/gi)) {
    const href = (double ?? single ?? bare ?? '').replaceAll('&amp;', '&')
    const target = URL.canParse(href, base) ? new URL(href, base) : undefined
    if (!target || target.search || target.host !== base.host || !target.pathname.startsWith(base.pathname))
      continue
    const [name = '', ...below] = target.pathname.slice(base.pathname.length).split('/')
    if (name !== '' && below.every(part => part === ''))
      found.set(name, { name: decode(name), directory: below.length > 0 })
  }
  return [...found.values()]
}
