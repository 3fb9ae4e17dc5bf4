import type { Actor } from './controllers/step.ts'

/** What of a control plane can really be there, beside which the rest is played. */
export type RealPart = 'kubernetes' | 'kubevirt' | 'harvester' | 'longhorn'

/**
 * Whom each part takes the place of. Everybody else plays the nodes' side: scheduler, kubelet, virt-handler and guest, CSI, CDI's
 * importer and cloner, Longhorn's volumes and engines; these drive a real control plane as they drive the embedded one.
 */
const TAKES_THE_PLACE_OF: Readonly<Record<RealPart, readonly Actor[]>> = {
  kubernetes: ['kube'],
  kubevirt: ['virt-controller'],
  harvester: ['harvester'],
  longhorn: ['longhorn'],
}

/** Those who need not be played. */
export function actorsOf(real: readonly RealPart[]): Actor[] {
  return real.flatMap(part => TAKES_THE_PLACE_OF[part])
}
