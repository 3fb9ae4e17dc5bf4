import type { Component } from 'vue'
import type { KubeObject } from '#kube/object.ts'
import type { Resource } from '#kube/resource.ts'

type Load<T> = () => Promise<T>
type LoadComponent = Load<{ default: Component }>

/** A tree of sentences; the key of one is its dotted path, prefixed by the extension's id: `images.create.title`. */
export interface Messages { readonly [key: string]: string | Messages }

export type Language = 'en' | 'zh-CN'

interface Route {
  /** Below the cluster: `/images`, `/images/create`, `/images/:namespace/:name`. */
  readonly path: string
  readonly name: string
  readonly component: LoadComponent
}

/** An entry of the left navigation. */
interface NavEntry {
  readonly path: string
  /** Message key. */
  readonly title: string
  readonly order: number
  /** The path data of a 20×20 inline SVG, drawn with the current colour. */
  readonly icon: string
  /** Shows a number, or nothing, beside the entry: only when something there needs the operator. */
  readonly badge?: LoadComponent
}

/** A component of ours in a place of another's: `overview` (cards, in order), `tasks` (the drawer), `virtual-machine` (a VM's page, with `namespace` and `name` as props). */
export interface Panel {
  readonly slot: 'overview' | 'tasks' | 'virtual-machine'
  readonly order: number
  readonly id: string
  readonly component: LoadComponent
}

/** A kind that quick find lists and `ObjectLink` links to. */
export interface FindableKind<T extends KubeObject = KubeObject> {
  readonly resource: Resource<T>
  /** Message key of the kind's name, e.g. `images.kind`. */
  readonly title: string
  /** What a person calls the object; its metadata.name by default. */
  readonly label?: (object: T) => string
  /** Where it is shown, below the cluster. */
  readonly path: (object: { readonly namespace?: string, readonly name: string }) => string
}

/** Everything an extension may say to its host: a value, never a call. */
export interface Extension {
  readonly id: string
  readonly routes?: readonly Route[]
  readonly nav?: readonly NavEntry[]
  readonly panels?: readonly Panel[]
  readonly kinds?: readonly FindableKind[]
  readonly messages: Readonly<Record<Language, Load<{ default: Messages }>>>
}

/** Gives the extension its type; it registers nothing. */
export function defineExtension(extension: Extension): Extension {
  return extension
}

/** Keeps the kind's own object type inside `path` and `label` while the list holds kinds of all types. */
export function findable<T extends KubeObject>(kind: FindableKind<T>): FindableKind {
  return kind as unknown as FindableKind
}
