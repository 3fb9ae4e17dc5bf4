import { describe, expect, it } from 'vitest'
import type { Fields } from '../api.ts'
import { stage } from './stage.ts'

const { admin, group, gadgets, vaults, core, namespace, gadget, vault, configMap } = stage('schema')

async function refusal(spec: Fields) {
  const { status, failure } = await admin.post(gadgets, gadget('bad', spec))
  expect(status).toBe(422)
  expect(failure.reason).toBe('Invalid')
  return failure
}

describe('a schema refuses with causes by field', () => {
  const cases: [string, Fields, string, string, string][] = [
    ['a required field that is missing', {}, 'FieldValueRequired', 'Required value', 'spec.size'],
    ['a string where a number belongs', { size: 'big' }, 'FieldValueTypeInvalid', 'Invalid value: "string": spec.size in body must be of type integer: "string"', 'spec.size'],
    ['a fraction where an integer belongs', { size: 1.5 }, 'FieldValueTypeInvalid', 'Invalid value: "number": spec.size in body must be of type integer: "number"', 'spec.size'],
    ['a number below the minimum', { size: 0 }, 'FieldValueInvalid', 'Invalid value: 0: spec.size in body should be greater than or equal to 1', 'spec.size'],
    ['a number above the maximum', { size: 11 }, 'FieldValueInvalid', 'Invalid value: 11: spec.size in body should be less than or equal to 10', 'spec.size'],
    ['a word outside the enum', { size: 1, color: 'pink' }, 'FieldValueNotSupported', 'Unsupported value: "pink": supported values: "red", "green", "blue"', 'spec.color'],
    ['a string that does not match the pattern', { size: 1, title: 'ABC' }, 'FieldValueInvalid', 'Invalid value: "ABC": spec.title in body should match \'^[a-z]+$\'', 'spec.title'],
    ['a string that is too short', { size: 1, title: 'a' }, 'FieldValueInvalid', 'Invalid value: "a": spec.title in body should be at least 2 chars long', 'spec.title'],
    ['a string that is too long', { size: 1, title: 'abcdefghij' }, 'FieldValueTooLong', 'Too long: may not be more than 8 bytes', 'spec.title'],
    ['a boolean in words', { size: 1, on: 'yes' }, 'FieldValueTypeInvalid', 'Invalid value: "string": spec.on in body must be of type boolean: "string"', 'spec.on'],
    ['an object where a list belongs', { size: 1, tags: {} }, 'FieldValueTypeInvalid', 'Invalid value: "object": spec.tags in body must be of type array: "object"', 'spec.tags'],
    ['too many items', { size: 1, tags: ['a', 'b', 'c', 'd'] }, 'FieldValueTooMany', 'Too many: 4: must have at most 3 items', 'spec.tags'],
    ['a repeated item of a set', { size: 1, tags: ['a', 'a'] }, 'FieldValueDuplicate', 'Duplicate value: "a"', 'spec.tags[1]'],
    ['a repeated key of a list', { size: 1, parts: [{ name: 'a' }, { name: 'a' }] }, 'FieldValueDuplicate', 'Duplicate value: {"name":"a"}', 'spec.parts[1]'],
    ['a field that an item needs', { size: 1, parts: [{ count: 2 }] }, 'FieldValueRequired', 'Required value', 'spec.parts[0].name'],
    ['a null where none may be, as if it were missing', { size: null }, 'FieldValueRequired', 'Required value', 'spec.size'],
    ['a list where int-or-string belongs', { size: 1, port: [] }, 'FieldValueTypeInvalid', 'Invalid value: "array": spec.port in body must be of type integer,string: "array"', 'spec.port'],
    ['a value of a map of the wrong type', { size: 1, labels: { a: 1 } }, 'FieldValueTypeInvalid', 'Invalid value: "integer": spec.labels.a in body must be of type string: "integer"', 'spec.labels.a'],
    ['a date that is none', { size: 1, when: 'tomorrow' }, 'FieldValueTypeInvalid', 'Invalid value: "tomorrow": spec.when in body must be of type date-time: "tomorrow"', 'spec.when'],
  ]
  it.each(cases)('%s', async (_, spec, reason, message, field) => {
    expect((await refusal(spec)).details).toMatchObject({ name: 'bad', group, kind: 'Gadget', causes: expect.arrayContaining([{ reason, message, field }]) as unknown })
  })

  it('one message for one cause', async () => {
    expect((await refusal({ size: 1, color: 'pink' })).message).toBe(`Gadget.${group} "bad" is invalid: spec.color: Unsupported value: "pink": supported values: "red", "green", "blue"`)
  })

  it('a list in brackets for several', async () => {
    const { message, details } = await refusal({ size: 11, color: 'pink' })
    expect(details?.causes).toHaveLength(2)
    expect(message).toMatch(/^Gadget\.\S+ "bad" is invalid: \[spec\.\w+: .*, spec\.\w+: .*\]$/)
  })

  it('what is wrong inside before what is missing', async () => {
    const { details } = await refusal({ color: 'pink' })
    expect(details?.causes?.map(({ field }) => field)).toEqual(['spec.color', 'spec.size'])
  })

  it('of a text that is too long no pattern too', async () => {
    const { details } = await refusal({ size: 1, title: 'ABCDEFGHIJ' })
    expect(details?.causes).toEqual([{ reason: 'FieldValueTooLong', message: 'Too long: may not be more than 8 bytes', field: 'spec.title' }])
  })

  it('on a replace and on a patch too', async () => {
    const { object } = await admin.post(gadgets, gadget('turns-bad'))
    const replaced = await admin.put(`${gadgets}/turns-bad`, { ...object, spec: { size: 99 } })
    const patched = await admin.merge(`${gadgets}/turns-bad`, { spec: { size: 99 } })
    expect([replaced.failure.code, patched.failure.code]).toEqual([422, 422])
    expect(patched.failure.details?.causes).toEqual([{ reason: 'FieldValueInvalid', message: 'Invalid value: 99: spec.size in body should be less than or equal to 10', field: 'spec.size' }])
  })

  it('in the status as well, by the status subresource', async () => {
    await admin.post(gadgets, gadget('bad-status'))
    const { status, failure } = await admin.merge(`${gadgets}/bad-status/status`, { status: { seen: 'often' } })
    expect(status).toBe(422)
    expect(failure.details?.causes?.[0]).toMatchObject({ field: 'status.seen', reason: 'FieldValueTypeInvalid' })
  })
})

describe('a schema fills in and cuts out', () => {
  it('defaults, also of objects that are absent and in items of lists', async () => {
    const { object } = await admin.post(gadgets, gadget('defaulted', { size: 1, parts: [{ name: 'a' }, { name: 'b', count: 5 }] }))
    expect(object.spec).toEqual({ size: 1, mode: 'auto', limits: { cpu: 2 }, parts: [{ name: 'a', count: 1 }, { name: 'b', count: 5 }] })
  })

  it('fields that it does not name', async () => {
    const { object } = await admin.post(`${gadgets}?fieldValidation=Ignore`, { ...gadget('pruned', { size: 1, unknown: 1, parts: [{ name: 'a', extra: true }] }), more: 1 })
    expect(object.spec).not.toHaveProperty('unknown')
    expect(object).not.toHaveProperty('more')
    expect(object.spec?.parts).toEqual([{ name: 'a', count: 1 }])
  })

  it('nothing below a field that keeps what it does not know', async () => {
    const free = { deep: { er: [1, 'two', null, { x: false }] } }
    expect((await admin.post(gadgets, gadget('free', { size: 1, free }))).object.spec?.free).toEqual(free)
    const name = `open-${namespace}`
    expect((await admin.post(vaults, vault(name, { spec: free }))).object.spec).toEqual(free)
    await admin.delete(`${vaults}/${name}`)
  })

  it('a null in a field that may be null stays, in a field that may not it is left out or its default', async () => {
    const { object } = await admin.post(gadgets, gadget('nulls', { size: 1, note: null, mode: null }))
    expect(object.spec).toMatchObject({ note: null, mode: 'auto' })
  })

  it('int-or-string keeps either as it came', async () => {
    const { object: number } = await admin.post(gadgets, gadget('port-number', { size: 1, port: 80 }))
    const { object: word } = await admin.post(gadgets, gadget('port-word', { size: 1, port: 'http' }))
    expect([number.spec?.port, word.spec?.port]).toEqual([80, 'http'])
  })
})

describe('fieldValidation', () => {
  it('Strict refuses unknown fields by their path: 400', async () => {
    const { status, failure } = await admin.post(`${gadgets}?fieldValidation=Strict`, gadget('strict', { size: 1, unknown: 1, parts: [{ name: 'a', extra: 1 }] }))
    expect(status).toBe(400)
    expect(failure).toMatchObject({ reason: 'BadRequest', message: 'Gadget in version "v1" cannot be handled as a Gadget: strict decoding error: unknown field "spec.parts[0].extra", unknown field "spec.unknown"' })
  })

  it('Strict refuses a repeated field', async () => {
    const { status, failure } = await admin.post(`${gadgets}?fieldValidation=Strict`, `{"apiVersion":"${group}/v1","kind":"Gadget","metadata":{"name":"double"},"spec":{"size":1,"size":2}}`)
    expect(status).toBe(400)
    expect(failure.message).toContain('strict decoding error: duplicate field "spec.size"')
  })

  it('Warn says it in Warning headers and goes on', async () => {
    const answer = await admin.post(`${gadgets}?fieldValidation=Warn`, gadget('warned', { size: 1, unknown: 1 }))
    expect([answer.status, answer.warnings]).toEqual([201, ['unknown field "spec.unknown"']])
  })

  it('Warn is what happens by default', async () => {
    expect((await admin.post(gadgets, gadget('warned-too', { size: 1, unknown: 1 }))).warnings).toEqual(['unknown field "spec.unknown"'])
    expect((await admin.post(`${core}/configmaps`, { ...configMap('warned'), extra: 1 })).warnings).toEqual(['unknown field "extra"'])
  })

  it('Ignore says nothing', async () => {
    const answer = await admin.post(`${gadgets}?fieldValidation=Ignore`, gadget('quiet', { size: 1, unknown: 1 }))
    expect([answer.status, answer.warnings]).toEqual([201, []])
  })

  it('Strict holds for built-ins', async () => {
    const { status, failure } = await admin.post(`${core}/configmaps?fieldValidation=Strict`, { ...configMap('strict'), extra: 1 })
    expect(status).toBe(400)
    expect(failure.message).toBe('ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "extra"')
  })

  it('Strict holds for patches', async () => {
    await admin.post(gadgets, gadget('strict-patch'))
    const { status, failure } = await admin.merge(`${gadgets}/strict-patch?fieldValidation=Strict`, { spec: { unknown: 1 } })
    expect(status).toBe(422)
    expect(failure.message).toContain('strict decoding error: unknown field "spec.unknown"')
  })

  it('knows no other word', async () => {
    const { status, failure } = await admin.post(`${gadgets}?fieldValidation=Perhaps`, gadget('perhaps'))
    expect(status).toBe(422)
    expect(failure.message).toBe('CreateOptions.meta.k8s.io "" is invalid: fieldValidation: Unsupported value: "Perhaps": supported values: "", "Ignore", "Strict", "Warn"')
  })
})
