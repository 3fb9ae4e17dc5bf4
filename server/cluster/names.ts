import type { KindVersion } from './kind.ts'

// What Kubernetes lets be a name, a label or a finalizer, and what it says of the rest (k8s.io/apimachinery util/validation).

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const DNS_1035 = '[a-z]([-a-z0-9]*[a-z0-9])?'
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const LABEL_VALUE = `(${QUALIFIED})?`

function pattern(format: string): RegExp {
  return new RegExp(`^(?:${format})$`)
}
const patterns = { label: pattern(LABEL), subdomain: pattern(SUBDOMAIN), dns1035: pattern(DNS_1035), qualified: pattern(QUALIFIED), labelValue: pattern(LABEL_VALUE) }

function regexText(message: string, format: string, ...examples: string[]): string {
  return `${message} (e.g. ${examples.map(example => `'${example}', `).join(' or ')}regex used for validation is '${format}')`
}

function tooLong(limit: number): string {
  return `must be no more than ${limit} characters`
}

/** What is wrong with a DNS-1123 subdomain, the usual form of a name; empty when nothing is. */
export function checkSubdomain(value: string): string[] {
  return [
    ...(value.length > 253 ? [tooLong(253)] : []),
    ...(patterns.subdomain.test(value) ? [] : [regexText('a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \'-\' or \'.\', and must start and end with an alphanumeric character', SUBDOMAIN, 'example.com')]),
  ]
}

function checkLabelName(value: string): string[] {
  return [
    ...(value.length > 63 ? [tooLong(63)] : []),
    ...(patterns.label.test(value) ? [] : value.includes('.') ? ['must not contain dots'] : [regexText('a lowercase RFC 1123 label must consist of lower case alphanumeric characters or \'-\', and must start and end with an alphanumeric character', LABEL, 'my-name', '123-abc')]),
  ]
}

function checkDns1035(value: string): string[] {
  return [
    ...(value.length > 63 ? [tooLong(63)] : []),
    ...(patterns.dns1035.test(value) ? [] : [regexText('a DNS-1035 label must consist of lower case alphanumeric characters or \'-\', start with an alphabetic character, and end with an alphanumeric character', DNS_1035, 'my-name', 'abc-123')]),
  ]
}

function checkPathSegment(value: string): string[] {
  if (value === '.' || value === '..') return [`may not be '${value}'`]
  return ['/', '%'].filter(character => value.includes(character)).map(character => `may not contain '${character}'`)
}

/** What is wrong with a label key, an annotation key or a finalizer. */
export function checkQualifiedName(value: string): string[] {
  const parts = value.split('/')
  if (parts.length > 2) {
    return [`a qualified name ${regexText('must consist of alphanumeric characters, \'-\', \'_\' or \'.\', and must start and end with an alphanumeric character', QUALIFIED, 'MyName', 'my.name', '123-abc')} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`]
  }
  const name = parts[parts.length - 1] ?? ''
  const wrong: string[] = []
  if (parts.length === 2) {
    const prefix = parts[0] ?? ''
    wrong.push(...(prefix ? checkSubdomain(prefix).map(text => `prefix part ${text}`) : ['prefix part must be non-empty']))
  }
  if (!name) wrong.push('name part must be non-empty')
  else if (name.length > 63) wrong.push(`name part ${tooLong(63)}`)
  if (!patterns.qualified.test(name)) {
    wrong.push(`name part ${regexText('must consist of alphanumeric characters, \'-\', \'_\' or \'.\', and must start and end with an alphanumeric character', QUALIFIED, 'MyName', 'my.name', '123-abc')}`)
  }
  return wrong
}

export function checkLabelValue(value: string): string[] {
  return [
    ...(value.length > 63 ? [tooLong(63)] : []),
    ...(patterns.labelValue.test(value) ? [] : [regexText('a valid label must be an empty string or consist of alphanumeric characters, \'-\', \'_\' or \'.\', and must start and end with an alphanumeric character', LABEL_VALUE, 'MyValue', 'my_value', '12345')]),
  ]
}

/** What is wrong with the name of an object of that kind. A prefix (generateName) may end in a dash. */
export function checkName(kind: KindVersion, name: string, prefix = false): string[] {
  const value = prefix && name.endsWith('-') ? `${name.slice(0, -1)}a` : name
  const resource = kind.builtIn ? `${kind.plural}.${kind.group}` : ''
  if (resource === 'namespaces.') return checkLabelName(value)
  if (resource === 'services.') return checkDns1035(value)
  if (resource.endsWith('.rbac.authorization.k8s.io')) return checkPathSegment(value)
  return checkSubdomain(value)
}

const RANDOM = 'bcdfghjklmnpqrstvwxz2456789'

/** A name of a prefix and five characters, the prefix cut so that both fit in 63 (k8s.io/apiserver storage/names). */
export function generateName(prefix: string, random: () => number = Math.random): string {
  const suffix = Array.from({ length: 5 }, () => RANDOM[Math.floor(random() * RANDOM.length)]).join('')
  return prefix.slice(0, 58) + suffix
}
