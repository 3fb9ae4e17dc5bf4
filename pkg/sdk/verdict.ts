import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'

/** The five states of DESIGN: each has its own icon and word, never colour alone. */
export type Tone = 'ok' | 'attention' | 'bad' | 'unknown' | 'progress'

/** An object named in a sentence, linked where the host shows its kind. */
export interface ObjectReference { readonly resource: Resource<KubeObject>, readonly namespace?: string, readonly name: string, readonly label?: string }

/** One line under a verdict: already in the reader's language, with the objects that it names. */
export interface VerdictReason { readonly text: string, readonly objects?: readonly ObjectReference[], readonly tone?: Tone }

export interface VerdictRemedy { readonly id: string, readonly label: string, readonly recommended?: boolean, readonly help?: string, readonly disabled?: string }
