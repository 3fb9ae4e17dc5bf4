import { request } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { FileTaker } from './cdiDoor.ts'
import { openUploadDoor } from './cdiDoor.ts'

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  await new Promise(done => server.close(done))
  return port
}

let close: (() => Promise<void>) | undefined
afterEach(() => close?.())

async function send(take: FileTaker | undefined, path = '/v1beta1/upload-form', method = 'POST'): Promise<{ status: number, text: string }> {
  const port = await freePort()
  close = await openUploadDoor(port, () => take)
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers: { authorization: 'Bearer lab/noble' }, ...(method === 'POST' ? { body: 'bytes' } : {}) })
  return { status: answer.status, text: await answer.text() }
}

describe('the door for the files of uploads', () => {
  it('hands the bytes to whoever takes them for the claim that the token names, and passes the answer on', async () => {
    const take: FileTaker = async ({ namespace, name, body }) => ({ status: 400, body: `${namespace} ${name} ${Buffer.concat(await body.toArray() as Buffer[]).toString()}` })
    expect(await send(take)).toEqual({ status: 400, text: 'lab noble bytes' })
  })

  it('looks at the token that Harvester has added to what the sender has shown to it', async () => {
    const port = await freePort()
    close = await openUploadDoor(port, () => ({ namespace, name }) => Promise.resolve({ status: 200, body: `${namespace} ${name}` }))
    const text = await new Promise<string>((done, fail) => {
      const sent = request({ port, host: '127.0.0.1', path: '/v1beta1/upload-form', method: 'POST', headers: ['Host', 'localhost', 'Authorization', 'Bearer somebody', 'Authorization', 'Bearer lab/noble'] }, answer => {
        answer.setEncoding('utf8').on('data', done)
      })
      sent.on('error', fail).end()
    })
    expect(text).toBe('lab noble')
  })

  it('says what went wrong with whoever takes them', async () => {
    expect(await send(() => Promise.reject(new Error('the line is cut')))).toEqual({ status: 500, text: 'Error: the line is cut' })
  })

  it.each([['another path', '/v1beta1/upload', 'POST'], ['another method', '/v1beta1/upload-form', 'GET']])('knows no %s', async (_what, path, method) => {
    expect((await send(() => Promise.resolve({ status: 200 }), path, method)).status).toBe(404)
  })

  it('has nobody behind it before the cluster lives', async () => {
    expect((await send(undefined)).status).toBe(404)
  })
})
