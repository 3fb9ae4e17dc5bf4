import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import type { AddressInfo } from 'node:net'
import { hostname, networkInterfaces } from 'node:os'
import { createSecureContext } from 'node:tls'
import type { FastifyInstance } from 'fastify'
import { firstLine, UsageError } from './usageError.ts'

export interface Tls { readonly cert: Buffer, readonly key: Buffer }

function readPem(flag: string, file: string): Buffer {
  try {
    return readFileSync(file)
  }
  catch (error) {
    throw new UsageError(`${flag} ${file} cannot be read: ${firstLine(error)}`)
  }
}

/**
 * The certificate and key to serve with, or undefined; throws UsageError when they cannot be read or do not belong together.
 * The flags that name them are `flag` with `-cert` and `-key`.
 */
export function readTls(cert: string | undefined, key: string | undefined, flag = '--tls'): Tls | undefined {
  if (cert === undefined || key === undefined)
    return undefined
  const tls = { cert: readPem(`${flag}-cert`, cert), key: readPem(`${flag}-key`, key) }
  try {
    createSecureContext(tls)
    return tls
  }
  catch (error) {
    throw new UsageError(`${flag}-cert ${cert} and ${flag}-key ${key} do not make a pair: ${firstLine(error)}`)
  }
}

function isWildcard(host: string): boolean {
  return ['0.0.0.0', '::'].includes(host)
}

function ownAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap(addresses => (addresses ?? []).filter(({ internal }) => !internal).map(({ address }) => address))
}

/** The names of a certificate: `subjectAltName` is `DNS:a, IP Address:1.2.3.4`. */
function certificateNames({ cert }: Tls): string[] {
  const names = new X509Certificate(cert).subjectAltName ?? ''
  return names.split(', ').map(name => name.replace(/^(DNS|IP Address):/, '').toLowerCase())
}

/** The names under which browsers may call a server on this host: loopback's, its own, those of its certificate. */
export function doorNames(host: string, tls: Tls | undefined): Set<string> {
  const own = isWildcard(host) ? [...ownAddresses(), hostname()] : [host]
  return new Set(['localhost', '127.0.0.1', '::1', ...own, ...tls ? certificateNames(tls) : []].map(name => name.toLowerCase()))
}

/** The address to open in a browser, with a slash at its end. */
export function addressOf(host: string, port: number, secure: boolean): string {
  const name = isWildcard(host) ? ownAddresses()[0] ?? '127.0.0.1' : host
  return `${secure ? 'https' : 'http'}://${isIPv6(name) ? `[${name}]` : name}:${port}/`
}

const REFUSED: Record<string, (host: string, port: number, flags: string) => string> = {
  EADDRINUSE: (host, port, flags) => `port ${port} on ${host} is in use: choose another with ${flags}port, or see whether the console runs there already`,
  EACCES: (_host, port, flags) => `port ${port} may not be opened by you: choose one above 1023 with ${flags}port`,
  EADDRNOTAVAIL: host => `${host} is not an address of this machine`,
  ENOTFOUND: (host, _port, flags) => `${flags}host ${host} is not known (DNS)`,
  EAI_AGAIN: (host, _port, flags) => `${flags}host ${host} could not be looked up (DNS gave no answer)`,
}

/** Takes the port and answers its number; throws UsageError in one line when it cannot be had. The flags that chose it begin with `flags`. */
export async function listen(app: FastifyInstance, host: string, port: number, flags = '--'): Promise<number> {
  try {
    await app.listen({ host, port, listenTextResolver: () => 'listening' })
  }
  catch (error) {
    const line = REFUSED[(error as NodeJS.ErrnoException).code ?? '']
    throw line ? new UsageError(line(host, port, flags)) : error
  }
  return (app.server.address() as AddressInfo).port
}
