import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Labels } from '#kube/labelSelector.ts'
import type { GuardHook, GuardHooks, NamespaceSight } from './guardCoverage.ts'
import { asksAsMuch, judgeCoverage } from './guardCoverage.ts'

const NAME = 'kubernetes.io/metadata.name'
const named = (name: string, more: Labels = {}): Labels => ({ [NAME]: name, ...more })
const rule = (operations: readonly string[], ...resources: string[]) => ({ apiGroups: ['kubevirt.io'], apiVersions: ['v1'], operations, resources, scope: 'Namespaced' })
const hook = (more: Partial<GuardHook> = {}): GuardHook => ({ namespaceSelector: { matchExpressions: [{ key: NAME, operator: 'NotIn', values: ['kube-system'] }] }, rules: [rule(['CREATE'], 'virtualmachineinstances')], matchConditions: [{ expression: 'ours' }], ...more })
const OWN: GuardHooks = { exports: [hook()], starts: [hook()] }
const only = (...values: string[]): Partial<GuardHook> => ({ namespaceSelector: { matchExpressions: [{ key: NAME, operator: 'In', values }] } })
const PRODUCTION = named('production')
const COVERED = { word: 'covered' } as const

describe('whether the guard is asked in a namespace', () => {
  it.each<[string, GuardHooks, NamespaceSight, NamespaceSight, ReturnType<typeof judgeCoverage>]>([
    ['everywhere but in the system\'s', OWN, PRODUCTION, PRODUCTION, COVERED],
    ['no selector leaves anything out', { exports: [{}], starts: [{ namespaceSelector: {}, objectSelector: {} }] }, PRODUCTION, PRODUCTION, COVERED],
    ['in the named ones', { exports: [hook(only('production'))], starts: [hook(only('production'))] }, PRODUCTION, PRODUCTION, COVERED],
    ['not in another', { exports: [hook(only('team-a'))], starts: [hook(only('team-a'))] }, PRODUCTION, PRODUCTION, { word: 'elsewhere', because: ['exports-elsewhere', 'starts-elsewhere'] }],
    ['not where the image is made', OWN, named('kube-system'), PRODUCTION, { word: 'elsewhere', because: ['exports-elsewhere'] }],
    ['not where the volume is', OWN, PRODUCTION, named('kube-system'), { word: 'elsewhere', because: ['starts-elsewhere'] }],
    ['by a label of the namespace', { ...OWN, exports: [hook({ namespaceSelector: { matchLabels: { guarded: 'yes' } } })] }, named('production', { guarded: 'yes' }), PRODUCTION, COVERED],
    ['of one of two webhooks of the name', { ...OWN, starts: [hook(only('team-a')), hook(only('production'))] }, PRODUCTION, PRODUCTION, COVERED],
    ['only of objects with certain labels', { ...OWN, starts: [hook({ objectSelector: { matchLabels: { guarded: 'yes' } } })] }, PRODUCTION, PRODUCTION, { word: 'elsewhere', because: ['some-objects'] }],
    ['only of objects without certain labels', { ...OWN, exports: [hook({ objectSelector: { matchExpressions: [{ key: 'mine', operator: 'DoesNotExist' }] } })] }, PRODUCTION, PRODUCTION, { word: 'elsewhere', because: ['some-objects'] }],
    ['under a condition more', { ...OWN, exports: [hook({ matchConditions: [{ expression: 'ours' }, { expression: 'request.namespace != "production"' }] })] }, PRODUCTION, PRODUCTION, { word: 'unknown', because: ['other-conditions'] }],
    ['under no condition', { ...OWN, exports: [hook({ matchConditions: [] })] }, PRODUCTION, PRODUCTION, COVERED],
    ['by an operator that came later', { ...OWN, exports: [hook({ namespaceSelector: { matchExpressions: [{ key: NAME, operator: 'MatchesGlob', values: ['p*'] }] } })] }, PRODUCTION, PRODUCTION, { word: 'unknown', because: ['selector-unknown'] }],
    ['the labels may not be read', OWN, 'forbidden', 'forbidden', { word: 'unknown', because: ['namespace-forbidden'] }],
    ['the labels could not be read', OWN, PRODUCTION, 'unread', { word: 'unknown', because: ['namespace-unread'] }],
    ['the labels may not be read, of a guard that is asked everywhere', { exports: [{}], starts: [{}] }, 'forbidden', 'forbidden', { word: 'unknown', because: ['namespace-forbidden'] }],
    ['one half is not asked, of the other it is not known', OWN, 'forbidden', named('kube-system'), { word: 'elsewhere', because: ['starts-elsewhere', 'namespace-forbidden'] }],
    ['one half is not there', { ...OWN, starts: [] }, PRODUCTION, PRODUCTION, { word: 'elsewhere', because: ['starts-elsewhere'] }],
  ])('%s', (_, found, images, volume, coverage) => {
    expect(judgeCoverage(found, OWN, { images, volume })).toEqual(coverage)
  })

  const selector = fc.record({ matchExpressions: fc.array(fc.record({ key: fc.constantFrom('a', 'b'), operator: fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist', 'Later'), values: fc.subarray(['1', '2'], { minLength: 1 }) }), { maxLength: 2 }) })
  const anyHook = fc.record({ namespaceSelector: selector, objectSelector: fc.option(selector, { nil: undefined }), matchConditions: fc.subarray([{ expression: 'ours' }, { expression: 'theirs' }]) }).map(({ objectSelector, ...rest }): GuardHook => ({ ...rest, ...(objectSelector && { objectSelector }) }))
  const anyHooks = fc.record({ exports: fc.array(anyHook, { maxLength: 2 }), starts: fc.array(anyHook, { maxLength: 2 }) })
  const labels = fc.dictionary(fc.constantFrom('a', 'b'), fc.constantFrom('1', '2'))
  const blind = fc.constantFrom<NamespaceSight>('forbidden', 'unread')

  it('is never known of a namespace whose labels are not', () => {
    fc.assert(fc.property(anyHooks, labels, blind, fc.boolean(), (found, seen, unseen, isVolume) => {
      expect(judgeCoverage(found, OWN, isVolume ? { images: seen, volume: unseen } : { images: unseen, volume: seen }).word).not.toBe('covered')
    }))
  })
})

describe('what a guard is asked about', () => {
  const own = [hook({ rules: [rule(['CREATE', 'UPDATE'], 'virtualmachineinstances'), rule(['UPDATE'], 'virtualmachines')] })]
  it.each<[boolean, string, GuardHook['rules']]>([
    [true, 'as it is written', own[0]?.rules],
    [true, 'in rules of another shape', [rule(['CREATE'], 'virtualmachineinstances'), rule(['UPDATE'], 'virtualmachineinstances', 'virtualmachines')]],
    [true, 'everything', [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'], scope: '*' }]],
    [true, 'all of the group', [{ apiGroups: ['kubevirt.io'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }]],
    [false, 'no hot-plug', [rule(['CREATE'], 'virtualmachineinstances'), rule(['UPDATE'], 'virtualmachines')]],
    [false, 'no VM', [rule(['CREATE', 'UPDATE'], 'virtualmachineinstances')]],
    [false, 'another group', [{ apiGroups: ['apps'], apiVersions: ['*'], operations: ['*'], resources: ['*'] }]],
    [false, 'what has no namespace', [{ apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*'], scope: 'Cluster' }]],
    [false, 'nothing', undefined],
  ])('is as much (%s): %s', (isAsMuch, _, rules) => {
    expect(asksAsMuch([hook({ rules: rules ?? [] })], own)).toBe(isAsMuch)
  })
})
