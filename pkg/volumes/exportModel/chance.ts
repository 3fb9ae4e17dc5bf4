/** Chance that can be had again: the same seed draws the same. (mulberry32, public domain.) */
export class Chance {
  private state: number

  constructor(seed: number) {
    this.state = seed >>> 0
  }

  /** From 0 up to, but not, 1. */
  draw(): number {
    this.state = (this.state + 0x6D2B79F5) >>> 0
    let mixed = this.state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** True that often. */
  happens(share: number): boolean {
    return this.draw() < share
  }

  of<T>(choices: readonly T[]): T {
    const chosen = choices[Math.floor(this.draw() * choices.length)]
    if (chosen === undefined)
      throw new Error('there is nothing to choose from')
    return chosen
  }

  between(least: number, most: number): number {
    return least + this.draw() * (most - least)
  }
}
