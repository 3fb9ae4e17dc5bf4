import { notAcceptable } from './status.ts'

/** In which shape an answer is wanted. */
export interface Shape { readonly format: 'json' | 'yaml', readonly as: 'object' | 'table' | 'partial' }

/** What a real server lists; protobuf is accepted only beside something else. */
const TYPES = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']

interface Range { readonly type: string, readonly params: Readonly<Record<string, string>>, readonly quality: number }

function readRange(text: string): Range {
  const [type = '', ...pairs] = text.split(';').map(part => part.trim())
  const params = Object.fromEntries(pairs.map(pair => {
    const [key = '', value = ''] = pair.split('=')
    return [key.trim().toLowerCase(), value.trim()]
  }))
  return { type: type.toLowerCase(), params, quality: Number(params['q'] ?? 1) }
}

function shapeOf(range: Range): Shape | undefined {
  const format = range.type === 'application/yaml' ? 'yaml' : 'json'
  if (!['application/json', 'application/yaml', 'application/*', '*/*'].includes(range.type)) return undefined
  const as = range.params['as']
  if (as === undefined) return { format, as: 'object' }
  if (range.params['g'] !== 'meta.k8s.io' || !['v1', 'v1beta1'].includes(range.params['v'] ?? '')) return undefined
  if (as === 'Table') return { format, as: 'table' }
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? { format, as: 'partial' } : undefined
}

/** Chooses the shape of the answer by the Accept header. Throws 406 when nothing fits. */
export function negotiate(accept: string | undefined): Shape {
  if (!accept?.trim()) return { format: 'json', as: 'object' }
  const ranges = accept.split(',').map(readRange).sort((a, b) => b.quality - a.quality)
  for (const range of ranges) {
    const shape = shapeOf(range)
    if (shape) return shape
  }
  throw notAcceptable(TYPES)
}
