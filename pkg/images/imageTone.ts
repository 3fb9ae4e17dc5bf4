import type { ImageStateWord } from './imageState.ts'

/** The sign that goes with a state of an image; the words are the state's own. */
export const IMAGE_TONES: Readonly<Record<ImageStateWord, 'ok' | 'attention' | 'bad' | 'unknown' | 'progress'>> = {
  deleting: 'progress', initializing: 'progress', importing: 'progress', uploading: 'progress', exporting: 'progress',
  retrying: 'attention', ready: 'ok', missing: 'bad', failed: 'bad', unknown: 'unknown',
}
/** Which states an operator wants to see first: what is broken, then what is under way. */
export const IMAGE_RANKS: Readonly<Record<ImageStateWord, number>> = {
  failed: 0, missing: 1, retrying: 2, unknown: 3, initializing: 4, importing: 5, exporting: 6, uploading: 7, deleting: 8, ready: 9,
}
