import { generate } from 'selfsigned'

/** A serving certificate that is its own authority. */
export interface ServingCertificate { readonly certPem: string, readonly keyPem: string }

const YEARS = 10

/** Makes a certificate for loopback (127.0.0.1, ::1, localhost). */
export async function makeCertificate(now: Date): Promise<ServingCertificate> {
  const until = new Date(now)
  until.setFullYear(until.getFullYear() + YEARS)
  const made = await generate([{ name: 'commonName', value: 'harvester-guardrails-demo' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now.getTime() - 3_600_000),
    notAfterDate: until,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', digitalSignature: true, keyCertSign: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }, { type: 7, ip: '::1' }, { type: 2, value: 'localhost' }] },
    ],
  })
  return { certPem: made.cert, keyPem: made.private }
}
