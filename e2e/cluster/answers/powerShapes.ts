import type { Fields } from '../../api.ts'
import type { Request } from './row.ts'

// What is asked of `subresources.kubevirt.io`. Tried only, unless the body says otherwise.

export const DRY = { dryRun: ['All'] }

/** A request of a VM's, as the console's buttons send it. */
export const ofVm = (name: string, subresource: string, body: Fields = DRY): Request => ({ verb: 'put', shelf: 'vmPower', name, subresource, body })
/** A request of an instance's. */
export const ofGuest = (name: string, subresource: string, body: Fields = DRY): Request => ({ verb: 'put', shelf: 'vmiPower', name, subresource, body })
