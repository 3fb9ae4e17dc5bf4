import { describe, expect, it } from 'vitest'
import { IMAGE_FINDING_CODES } from '#images/imageFindings.ts'
import usage from './usage.txt?raw'
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
    expect(readCommand(line('--kubeconfig a --harvester-url https://10.0.0.7'))).toMatchObject({ options: { harvesterUrl: new URL('https://10.0.0.7/') } })
    expect(readCommand(line('--kubeconfig a --harvester-url http://127.0.0.1:8443'))).toMatchObject({ name: 'serve' })
    expect(readCommand(line('--host 0.0.0.0'))).toMatchObject({ name: 'serve' })
    expect(readCommand(line('--allow-mirror mirror.lan:8080 --allow-mirror=10.0.0.0/8'))).toMatchObject({ options: { mirrors: [{ host: 'mirror.lan', port: 8080 }, { host: '10.0.0.0' }] } })
    expect(readCommand(line('--reads 3 --read-size 10 --read-hours 2'))).toMatchObject({ options: { reads: { atOnce: 3, most: 10 * 1024 ** 3, hours: 2 } } })
  })

  it('keeps the exports of its own sessions unless it is told to keep all, or none', () => {
    expect(readCommand([])).toMatchObject({ options: { keeper: { mode: 'own' } } })
    expect(readCommand(line('--keeper off'))).toMatchObject({ options: { keeper: { mode: 'off' } } })
    expect(readCommand(line('--keeper all'))).toMatchObject({ options: { keeper: { mode: 'all', namespace: 'harvester-system' } } })
    expect(readCommand(line('--keeper all --keeper-namespace lab'))).toMatchObject({ options: { keeper: { mode: 'all', namespace: 'lab' } } })
  })
  it('has no webhook unless a port is given for it, which warns and refuses nothing unless told to', () => {
    expect(readCommand([])).toMatchObject({ options: { webhook: undefined } })
    expect(readCommand(line('--webhook-port 9443'))).toMatchObject({ options: { webhook: { port: 9443, host: '127.0.0.1', refuse: [], refuseHarvester: false, guard: true, warnOnly: [] } } })
    expect(readCommand(line('--webhook-port 9443 --webhook-host [::] --webhook-tls-cert c --webhook-tls-key k --refuse mutable-url,not-sha512 --refuse-harvester')))
      .toMatchObject({ options: { webhook: { host: '::', tlsCert: 'c', tlsKey: 'k', refuse: ['mutable-url', 'not-sha512'], refuseHarvester: true } } })
    expect(readCommand(line('--webhook-port 9443 --webhook-no-export-guard --webhook-warn-only ann --webhook-warn-only system:serviceaccount:lab:robot'))).toMatchObject({ options: { webhook: { guard: false, warnOnly: ['ann', 'system:serviceaccount:lab:robot'] } } })
    expect(readCommand(line('webhook-manifest lab/guardrails --webhook-ca ca.pem'))).toEqual({ name: 'webhook-manifest', place: 'lab/guardrails', ca: 'ca.pem', guard: true, requester: false })
    expect(readCommand(line('webhook-manifest lab/guardrails --webhook-namespaces a,b --webhook-requester'))).toMatchObject({ guard: true, namespaces: ['a', 'b'], requester: true })
    expect(readCommand(line('webhook-manifest lab/guardrails --webhook-no-export-guard'))).toMatchObject({ guard: false, requester: false })
  })

  it('documents every finding that can be refused', () => {
    for (const code of IMAGE_FINDING_CODES)
      expect(usage).toContain(code)
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
    ['--harvester-url https://harvester.example', '--kubeconfig'],
    ['--kubeconfig a --harvester-url harvester.example', 'not an http or https URL'],
    ['--kubeconfig a --harvester-url ftp://harvester.example', 'not an http or https URL'],
    ['--kubeconfig a --harvester-url https://me:secret@harvester.example', 'plain address'],
    ['--kubeconfig a --harvester-url https://harvester.example/?a=b', 'plain address'],
    ['--kubeconfig a --harvester-url http://harvester.example', 'clear text'],
    ['--kubeconfig a --harvester-url http://127.evil.example', 'clear text'],
    ['--kubeconfig a --data d', '--data'],
    ['--tls-cert c', '--tls-key'],
    ['--kubeconfig a --host 0.0.0.0', '--tls-cert'],
    ['--kubeconfig a --host 192.168.0.7', '--tls-cert'],
    ['--kubeconfig a --host my-laptop', '--tls-cert'],
    ['--log-level loud', '--log-level loud'],
    ['--keeper some', '--keeper some is not known: own, all, off'],
    ['--keeper-namespace lab', '--keeper all'],
    ['--keeper all --keeper-namespace ../x', '--keeper-namespace ../x'],
    ['--webhook-port x', '--webhook-port x'],
    ['--refuse mutable-url', '--webhook-port'],
    ['--refuse-harvester', '--webhook-port'],
    ['--webhook-port 1 --refuse sha1', '--refuse sha1 is not known: mutable-url'],
    ['--webhook-port 1 --webhook-tls-cert c', '--webhook-tls-key'],
    ['--webhook-port 1 --webhook-ca c', '--webhook-tls-cert'],
    ['--webhook-no-export-guard', '--webhook-port'],
    ['--webhook-warn-only ann', '--webhook-port'],
    ['--webhook-port 1 --webhook-requester', 'webhook-manifest'],
    ['--webhook-port 1 --webhook-namespaces a', 'webhook-manifest'],
    ['webhook-manifest a/b --webhook-namespaces a,,b', '--webhook-namespaces'],
    ['webhook-manifest a/b --webhook-namespaces a,B', '--webhook-namespaces B'],
    ['webhook-manifest a/b --webhook-no-export-guard --webhook-namespaces a', '--webhook-no-export-guard'],
    ['webhook-manifest', 'https://HOST:PORT'],
    ['webhook-manifest a b', '\'b\''],
    ['--allow-mirror http://mirror.lan/', '--allow-mirror http://mirror.lan/'],
    ['--allow-mirror *.lan', '--allow-mirror'],
    ['--allow-mirror=', '--allow-mirror'],
    ['--reads 0', '--reads 0'],
    ['--reads many', '--reads many'],
    ['--read-size 1.5', '--read-size'],
    ['--read-hours 1000', '--read-hours'],
  ])('says in one line what is wrong with %s', (text, words) => {
    expect(() => readCommand(line(text))).toThrow(expect.objectContaining({ name: 'UsageError', message: expect.stringMatching(/^[^\n]+$/) as string }))
    expect(() => readCommand(line(text))).toThrow(words)
  })

  it.each([['127.0.0.1', true], ['127.8.8.8', true], ['::1', true], ['localhost', true], ['127.evil.example', false], ['0.0.0.0', false], ['::', false], ['10.0.0.1', false]])('knows that only this machine reaches %s: %s', (host, loopback) => {
    expect(isLoopback(host)).toBe(loopback)
  })
})
