import { describe, expect, it } from 'vitest'
import { POWER_TONES } from './powerState.ts'
import { disagreementsIn, MACHINES, momentsOf, readingOf } from './recordedPower.ts'
import { isOver, RECORDS } from './recordedStories.ts'

const SEEN = MACHINES.map(({ story, name, record }) => ({ story, name, moments: momentsOf(record, name) }))
const READINGS = SEEN.flatMap(({ moments }) => moments).map(moment => ({ ...moment, ...readingOf(moment) }))

describe('the power state, at every moment that KubeVirt was seen in', () => {
  it('is told of many moments, and of each word in some', () => {
    expect(READINGS.length).toBeGreaterThan(4000)
    const told = READINGS.flatMap(({ words }) => words.length === 1 ? words : [])
    const times = Object.keys(POWER_TONES).map(word => [word, told.filter(other => other === word).length] as const)
    expect(times.filter(([, count]) => count === 0)).toEqual([])
    // A disk that is cloned holds the start before there is an instance for a moment alone: KubeVirt makes it, and it waits.
    expect(times.filter(([, count]) => count < 15).map(([word]) => word)).toEqual(['provisioning'])
  })

  it('is one word, but for what the record leaves out: who deletes the instance of a guest that failed, and what else is asked of a VM before it starts', () => {
    const open = READINGS.filter(({ words }) => words.length > 1)
    expect(new Set(open.map(({ words, why }) => `${words.join(' or ')}: ${why}`))).toEqual(new Set([
      'restarting or stopping: its guest has failed, and who deletes its instance is not told',
      'off or starting: it has no instance, and whether one comes is not told',
      'off or crashed: it has no instance, and whether one comes is not told',
    ]))
    expect(open.length).toBeLessThan(40)
  })

  it('is mostly read from what came after it, and from KubeVirt\'s book of run strategies only where somebody asked first', () => {
    const turning = READINGS.filter(({ why }) => why.includes('come'))
    const shown = turning.filter(({ isShown }) => isShown)
    expect(turning.length).toBeGreaterThan(1000)
    expect(shown.length / turning.length).toBeGreaterThan(0.7)
    expect([...new Set(shown.flatMap(({ words }) => words))].sort()).toEqual(['crashed', 'failing', 'off', 'provisioning', 'restarting', 'starting', 'stopping'])
  })

  it('leaves out those in which an instance stands without a VM, by name', () => {
    const told = new Set(MACHINES.map(({ record }) => record))
    expect(RECORDS.filter(record => !told.has(record)).map(({ story }) => story).sort()).toEqual([
      'a disk is deleted under a running guest without a VM, which is paused and resumed, and goes when that is over',
      'an instance without a VM runs and is deleted',
      'an instance without a VM whose guest shuts down stays until it is deleted',
    ])
  })

  it('is off while Stopped is printed in many, and not in many more: an instance that is over may still be there, or another is to come', () => {
    const printed = READINGS.filter(({ vm }) => vm.facets.printableStatus === 'Stopped')
    expect(printed.filter(({ state }) => state.word === 'off').length).toBeGreaterThan(150)
    expect(printed.filter(({ instance, state }) => instance && isOver(instance.facets.phase) && state.word === 'stopping').length).toBeGreaterThan(100)
    expect(printed.filter(({ instance, state }) => !instance && state.word === 'starting').length).toBeGreaterThan(100)
  })

  it.each(SEEN)('$story: $name', ({ moments }) => {
    expect(moments).not.toEqual([])
    expect(disagreementsIn(moments)).toEqual([])
    expect(moments.at(-1)?.state.word).not.toBe('unknown')
  })
})
