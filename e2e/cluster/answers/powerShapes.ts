import type { Fields } from '../../api.ts'
import type { Request } from './row.ts'

// What is asked of `subresources.kubevirt.io`. Tried only, unless the body says otherwise.

export const DRY = { dryRun: ['All'] }

export const ofVm = (name: string, subresource: string, body: Fields = DRY): Request => ({ verb: 'put', shelf: 'vmPower', name, subresource, body })
export const ofGuest = (name: string, subresource: string, body: Fields = DRY): Request => ({ verb: 'put', shelf: 'vmiPower', name, subresource, body })
