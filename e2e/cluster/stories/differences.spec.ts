import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { GROUPS } from '../answers/table.ts'
import { PLACES, differentAnswers, readDifferences } from '../differences.ts'
import { STORIES } from './all.ts'
import { differencesOf } from './comparison.ts'
import { readExpected, readRecord } from './records.ts'
import { OTHERWISE } from './scripts/otherwise.ts'

// A row of differences.md is a place in the code or an answer that is known to differ. What is chance upstream itself is no difference: fleeting.ts says of each why.

const root = resolve(import.meta.dirname, '../../..')
const differences = readDifferences()
const rows = differences.map(({ what }) => what)

describe('differences.md', () => {
  it('has not more than ten rows beside those of versions, and each once', () => {
    expect(differences.filter(({ of }) => of === 'behaviour').length).toBeLessThanOrEqual(10)
    expect(new Set(rows).size).toBe(rows.length)
  })

  it('has rows of versions', () => {
    expect(differences.filter(({ of }) => of === 'versions')).not.toEqual([])
  })

  it('has a row for each place that is named and for each answer that is known to differ, and no other', () => {
    const answers = differentAnswers().map(says => `answer: ${says}`)
    expect([...rows].sort()).toEqual([...Object.keys(PLACES), ...answers].sort())
  })

  it.each(Object.entries(PLACES))('%s: is where it is said to be', (_what, { file, words }) => {
    expect(readFileSync(join(root, file), 'utf8').split(words).length - 1).toBe(1)
  })

  it('names the versions that judge as they are linked, and the others as the embedded cluster tells of them', () => {
    const read = (file: string) => readFileSync(join(root, file), 'utf8')
    const row = read('e2e/cluster/differences.md').split('\n').find(line => line.startsWith('| the versions that the cluster tells of')) ?? ''
    const [judges = '', follows = ''] = row.split(' | ').slice(-2)
    const linked = (module: string, name: string) => new RegExp(`^\\s*${name} v(\\S+)$`, 'm').exec(read(`e2e/cluster/${module}/go.mod`))?.[1]
    expect(judges).toBe(`Harvester ${linked('harvester', 'github.com/harvester/harvester')}, Longhorn ${linked('harvester', 'github.com/longhorn/longhorn-manager')}, KubeVirt ${linked('kubevirt', 'kubevirt.io/kubevirt')}`)
    expect(linked('longhorn', 'github.com/longhorn/longhorn-manager')).toBe(linked('harvester', 'github.com/longhorn/longhorn-manager'))
    const seed = read('server/cluster/seed/platform.ts')
    const told = (setting: string) => new RegExp(`'${setting}': 'v([^']+)'`).exec(seed)?.[1]
    const guests = /virt-launcher:([\d.]+)-/.exec(read('server/cluster/controllers/launcher.ts'))?.[1]
    expect(follows).toBe(`Harvester ${told('server-version')}, Longhorn ${told('current-longhorn-version')}, KubeVirt ${guests} |`)
  })

  it('speaks of words that a copy rests at, which upstream\'s records have', () => {
    const spoilt = STORIES.filter(({ name }) => name.includes('all copies are spoilt')).map(story => JSON.stringify(readRecord(story)))
    expect(spoilt.filter(record => record.includes('failed to process sync file: syncing file should be directly reused but failed'))).not.toEqual([])
  })

  it('has the row that each story names which is played otherwise', () => {
    expect(OTHERWISE).not.toEqual([])
    // Of each row of behaviour but the words of spoilt copies and the finalizers, which are left out of every comparison, that of a crash, which tells nothing, and those of answers, which are compared there.
    expect(new Set(OTHERWISE.map(({ otherwise }) => otherwise)).size).toBe(differences.filter(({ of, what }) => of === 'behaviour' && !what.startsWith('answer: ')).length - 3)
    expect(OTHERWISE.filter(({ otherwise = '' }) => !rows.includes(otherwise)).map(({ name }) => name)).toEqual([])
  })

  it.each(OTHERWISE.map(story => [story.name, story] as const))('%s: upstream\'s record is not the embedded cluster\'s', (_name, story) => {
    const [theirs, ours] = [readRecord(story), readExpected(story)]
    expect([theirs, ours]).not.toContain(undefined)
    expect(theirs && ours ? differencesOf(theirs, ours) : []).not.toEqual([])
  })

  it('names each answer that is there, and is named by each story that is left out beside Harvester', () => {
    const sentences = GROUPS.flatMap(({ rows: asked }) => asked.map(({ says }) => says))
    expect(differentAnswers().filter(says => !sentences.includes(says))).toEqual([])
    const leftOut = STORIES.filter(({ without = [], differs }) => without.includes('harvester') || differs !== undefined)
    expect(leftOut.filter(({ differs }) => !rows.includes(differs ?? '')).map(({ name }) => name)).toEqual([])
  })
})
