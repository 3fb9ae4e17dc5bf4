import { computed } from 'vue'
import { CONFIG_MAPS } from '#kube/core.ts'
import { useProxyStore } from '#sdk/proxyStore.ts'
import type { FoundNote, NoteWord } from './recreationNote.ts'
import { IMAGES } from './image.ts'
import { judgeNote, NOTE_LABEL, readNote } from './recreationNote.ts'

/** A note, and how it stands with it. */
export interface StandingNote extends FoundNote { readonly word: NoteWord }

/** The notes of images that are to be made again, in these namespaces (all where none is named); none of which nobody knows whether its image is there. Call in setup. */
export function useRecreationNotes(namespaces: () => readonly string[]) {
  const proxy = useProxyStore()
  const images = proxy.collection(IMAGES, () => ({ namespaces: namespaces() }))
  const configMaps = proxy.collection(CONFIG_MAPS, () => ({ namespaces: namespaces(), labelSelector: NOTE_LABEL }))
  const notes = computed(() => configMaps.objects.flatMap<StandingNote>(configMap => {
    const found = readNote(configMap)
    const image = images.find(found.key)
    return image || images.knows(configMap.metadata.namespace) ? [{ ...found, word: judgeNote(found, image) }] : []
  }))
  return { notes, configMaps }
}
