/** What a cluster makes up (a namespace, a class of an image, a uid), under the words by which the table knows it. */
export class Words {
  private readonly known: (readonly [word: string, value: string])[] = []

  learn(word: string, value: string): void {
    this.known.unshift([word, value])
  }

  /** As it is said to the cluster. */
  said(text: string): string {
    return this.known.reduce((said, [word, value]) => said.replaceAll(word, value), text)
  }

  /** As the table reads it. */
  heard(text: string): string {
    return this.known.reduce((heard, [word, value]) => heard.replaceAll(value, word), text)
  }
}

const UUID = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const HARDWARE_ADDRESS = /\b[0-9a-f]{2}(:[0-9a-f]{2}){5}\b/g

/** A text without moments, identities, hardware addresses, the random ends of names, and what Go prints of a change; but for what was `sent`. */
export function normalise(text: string, sent = ''): string {
  const unlessSent = (word: string) => (found: string) => sent.includes(found) ? found : word
  return text
    .replaceAll(/\n@@ (?:[^\n]*\n)+?(?=, |\]|$)/g, '')
    .replaceAll(UUID, unlessSent('<uid>'))
    .replaceAll(HARDWARE_ADDRESS, unlessSent('<mac>'))
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>')
    .replaceAll(/(virt-launcher-[a-z0-9-]+)-[a-z0-9]{5}\b/g, '$1-<random>')
}
