const QUOTED = /\b\d{3} \S+ "((?:[^"\\]|\\.)*)"/g

/**
 * The texts of `Warning` headers, in order and without repeats. Several headers may arrive joined by commas; a quote or
 * backslash inside a text is escaped by a backslash (RFC 7234 §5.5; k8s.io/apimachinery pkg/util/net/http.go).
 */
export function parseWarnings(header: string | undefined): string[] {
  const texts = [...(header ?? '').matchAll(QUOTED)].map(match => (match[1] ?? '').replace(/\\(.)/g, '$1'))
  return [...new Set(texts)]
}
