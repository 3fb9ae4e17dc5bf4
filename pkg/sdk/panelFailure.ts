// Vue names where an error came from in words (development) or by the end of an address (production); sources: runtime-core, errorHandling.ts.
const OF_AN_ACT = /(?:event handler|^watcher \w+( function)?|^(?:beforeU|u)nmount(?:ed)? hook|#runtime-(?:[2-6]|bum|um))$/

/** Whether what was drawn cannot be trusted after an error; an act that failed, or a watcher, leaves it as it was. */
export function breaksPanel(info: string): boolean {
  return !OF_AN_ACT.test(info)
}
