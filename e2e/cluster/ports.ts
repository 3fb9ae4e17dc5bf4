import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

/** Ports of 127.0.0.1 that are free, held open together so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const holders = Array.from({ length: count }, () => createServer())
  const ports = await Promise.all(holders.map(async holder => {
    await new Promise<void>(done => holder.listen(0, '127.0.0.1', done))
    return (holder.address() as AddressInfo).port
  }))
  await Promise.all(holders.map(holder => new Promise(done => holder.close(done))))
  return ports
}
