import { describe, expect, it } from 'vitest'
import { isLoopback, readCommand } from './cli.ts'

const line = (text: string) => text.split(' ').filter(Boolean)

describe('the command line', () => {
  it('without words serves the demonstration on loopback', () => {
    expect(readCommand([])).toEqual({ name: 'serve', options: expect.objectContaining({ port: 8090, host: '127.0.0.1', kubeconfig: undefined }) as object })
  })

  it('takes what it documents', () => {
    expect(readCommand(line('serve --kubeconfig a.yaml --context=b --port 0 --host [::1] --log-level debug'))).toMatchObject({ options: { kubeconfig: 'a.yaml', context: 'b', port: 0, host: '::1', logLevel: 'debug' } })
    expect(readCommand(line('link --port 9000'))).toEqual({ name: 'link', port: 9000 })
    expect(readCommand(line('-h'))).toEqual({ name: 'help' })
    expect(readCommand(line('--kubeconfig a --host 0.0.0.0 --tls-cert c --tls-key k'))).toMatchObject({ name: 'serve' })
    expect(readCommand(line('--host 0.0.0.0'))).toMatchObject({ name: 'serve' })
  })

  it.each([
    ['--colour red', '--colour'],
    ['--port eighty', '--port eighty'],
    ['--port 70000', '--port 70000'],
    ['--port=', '--port'],
    ['--port', '--port'],
    ['dance', '\'dance\' is not a command'],
    ['serve link', '\'link\''],
    ['--context a', '--kubeconfig'],
    ['--kubeconfig a --data d', '--data'],
    ['--tls-cert c', '--tls-key'],
    ['--kubeconfig a --host 0.0.0.0', '--tls-cert'],
    ['--kubeconfig a --host 192.168.0.7', '--tls-cert'],
    ['--kubeconfig a --host my-laptop', '--tls-cert'],
    ['--log-level loud', '--log-level loud'],
  ])('says in one line what is wrong with %s', (text, words) => {
    expect(() => readCommand(line(text))).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(/^[^\n]+$/) as string }))
    expect(() => readCommand(line(text))).toThrow(words)
  })

  it.each([['127.0.0.1', true], ['127.8.8.8', true], ['::1', true], ['localhost', true], ['127.evil.example', false], ['0.0.0.0', false], ['::', false], ['10.0.0.1', false]])('knows that only this machine reaches %s: %s', (host, loopback) => {
    expect(isLoopback(host)).toBe(loopback)
  })
})
