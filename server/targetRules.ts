import { judgeImageUrl } from '../pkg/images/imageUrl.ts'
import type { UrlRefusal } from '../pkg/images/probe.ts'
import { PUBLISHERS } from '../pkg/images/publishers.ts'
import { isAddress, isListed, judgeAddress, plainHost } from './addressRules.ts'
import type { Mirror } from './addressRules.ts'

const publisherHosts = new Set(PUBLISHERS.flatMap(({ hosts }) => hosts))

/** Whether a host is a known publisher's, or below one. */
function isPublisherHost(hostname: string): boolean {
  const labels = plainHost(hostname).split('.')
  return labels.some((_label, index) => publisherHosts.has(labels.slice(index).join('.')))
}

/** The port that a URL means. */
export function portOf({ port, protocol }: URL): number {
  return port ? Number(port) : protocol === 'https:' ? 443 : 80
}

/**
 * Why a URL is not asked for, from its text alone, or undefined. Judged for every hop. Through a proxy, which resolves names
 * itself, only hosts of known publishers and of the configuration are asked for, on ports 80 and 443, and no addresses.
 * Directly any public host is, on 80, 443 and ports that need no privilege; what its name resolves to is judged when connecting.
 */
export function judgeTarget(url: URL, mirrors: readonly Mirror[], proxied: boolean, own?: ReadonlySet<string>): UrlRefusal | undefined {
  const { protocol, username, password, hostname } = url
  const port = portOf(url)
  const listed = isListed(mirrors, hostname, port)
  const usualPort = port === 80 || port === 443
  if (protocol !== 'http:' && protocol !== 'https:')
    return 'scheme'
  if (username || password)
    return 'credentials'
  if (/^(?:.*\.)?localhost$/.test(plainHost(hostname)) && (proxied || !listed))
    return 'local-name'
  if (proxied && isAddress(hostname))
    return 'address-through-proxy'
  if (proxied ? !usualPort : !usualPort && port < 1024 && !listed)
    return 'port'
  if (proxied)
    return listed || isPublisherHost(hostname) ? undefined : 'not-listed'
  const range = isAddress(hostname) ? judgeAddress(hostname, hostname, port, mirrors, own) : undefined
  return range && `address-${range}`
}

/** What somebody typed as a URL, or why it is none. What a browser would mend silently is refused, by the judgement that the form makes. */
export function readTarget(text: string): URL | UrlRefusal {
  const trimmed = text.trim()
  const { verdict, reasons: [reason] } = judgeImageUrl(trimmed)
  if (verdict === 'unusable' && (reason?.code === 'too-long' || reason?.code === 'scheme' || reason?.code === 'not-a-url' || reason?.code === 'empty'))
    return reason.code === 'empty' ? 'not-a-url' : reason.code
  return URL.canParse(trimmed) ? new URL(trimmed) : 'not-a-url'
}
