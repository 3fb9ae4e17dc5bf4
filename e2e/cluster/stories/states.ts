import type { Facets, Json } from './facets.ts'

// What one write of an object shows together. Facet by facet, each in its order, an instance that is Ready while its pod ends and one that is not yet look alike.

interface Together {
  /** Told by the state, and not by themselves beside it. */
  readonly facets: readonly string[]
  readonly word: (facets: Facets) => string
}

interface Request { readonly action: string, readonly uid?: string, readonly data?: Json }

const TOGETHER: Readonly<Record<string, Together>> = {
  vm: {
    facets: ['spec.runStrategy', 'printableStatus', 'created', 'stateChangeRequests'],
    word: ({ 'spec.runStrategy': strategy, printableStatus, created, ready, stateChangeRequests }) => [
      words(strategy), words(printableStatus), created === true ? 'created' : 'not created', ready === true ? 'ready' : 'not ready',
      ((stateChangeRequests ?? []) as unknown as readonly Request[]).map(({ action, uid, data }) => [action, uid, data && JSON.stringify(data)].filter(Boolean).join(' ')).join(', ') || 'no request',
    ].join(' · '),
  },
  vmi: {
    facets: ['phase', 'deleting', 'finalizers'],
    word: facets => [words(facets.phase), readiness(facets['condition Ready']), hold(facets)].join(' · '),
  },
  migration: {
    facets: ['phase', 'deleting', 'finalizers'],
    word: facets => [words(facets.phase), hold(facets)].join(' · '),
  },
}

/** The facets of an object, named by its role first, that its state tells. */
export function toldTogether(what: string): readonly string[] {
  return TOGETHER[roleOf(what)]?.facets ?? []
}

/** An object as it stands, in one line: a VM by its run strategy, printed status, whether it is created and ready, and its requests; an instance by its phase, why it is not ready, whether it is being deleted and what holds it; a migration likewise. Undefined for objects that are looked at facet by facet alone. */
export function stateOf(what: string, facets: Facets): string | undefined {
  return TOGETHER[roleOf(what)]?.word(facets)
}

const roleOf = (what: string) => what.split(' ')[0] ?? ''
const words = (value: Json | undefined) => typeof value === 'string' && value !== '' ? value : 'unsaid'

/** `ready`, or the reason why it is not. */
function readiness(condition: Json | undefined): string {
  const [truth, reason] = words(condition).split(' · ')
  return truth === 'True' ? 'ready' : reason ?? 'unsaid'
}

function hold({ deleting, finalizers }: Facets): string {
  const holders = (finalizers ?? []) as readonly string[]
  return `${deleting === true ? 'deleting' : 'staying'} · held by ${holders.map(name => name.slice(name.indexOf('/') + 1)).join(' and ') || 'nobody'}`
}
