import { describe, expect, it } from 'vitest'
import { sinceImport } from './exportSuspicion.ts'
import { exportImage, vmi } from './scriptedWorld.ts'

describe('a VM that is on the disk of an image', () => {
  const OVER = '2026-03-01T12:05:07Z'
  const AT = (second: string) => `2026-03-01T12:05:${second}Z`
  const statusWrittenAt = (time: string) => [{ manager: 'harvester', operation: 'Update', time, fieldsV1: { 'f:status': { 'f:conditions': {} } } }, { manager: 'node-fetch', operation: 'Update', time: AT('59'), fieldsV1: { 'f:metadata': { 'f:annotations': {} } } }]
  it.each<[ReturnType<typeof sinceImport>, string, string, string | undefined, string | undefined, 'True' | 'Unknown']>([
    ['before', 'it came a second before the import was over', AT('06'), OVER, undefined, 'True'],
    ['unclear', 'it came in the same second', AT('07'), OVER, undefined, 'True'],
    ['after', 'it came in the next second', AT('08'), OVER, undefined, 'True'],
    ['after', 'it came in the next second, and the API server was told of the end in the same', AT('08'), OVER, AT('07'), 'True'],
    ['unclear', 'it came in the next second, and the API server was told of the end in that one: Harvester\'s clock is behind', AT('08'), OVER, AT('08'), 'True'],
    ['after', 'it came once the API server had been told, whatever Harvester\'s clock says', AT('09'), OVER, AT('08'), 'True'],
    ['before', 'the image is still being read', AT('08'), OVER, undefined, 'Unknown'],
    ['before', 'nobody says when the import was over', AT('08'), undefined, undefined, 'True'],
  ])('has come %s the end of its import where %s', (word, _, came, over, told, imported) => {
    const image = exportImage('export-abcde', imported)
    const conditions = [{ type: 'Imported', status: imported, ...(over && { lastTransitionTime: over }) }]
    const read = { ...image, metadata: { ...image.metadata, ...(told && { managedFields: statusWrittenAt(told) }) }, status: { conditions } }
    expect(sinceImport(read, vmi('Running', {}, { creationTimestamp: came }))).toBe(word)
  })
})
