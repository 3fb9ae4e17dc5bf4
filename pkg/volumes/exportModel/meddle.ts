import type { Chance } from './chance.ts'
import type { ModelApi } from './modelApi.ts'
import { wanted } from './modelApi.ts'
import type { ModelControllers } from './modelControllers.ts'
import { CLAIM } from './modelControllers.ts'

type Act = 'start' | 'edit' | 'on' | 'off' | 'new' | 'delete-vm' | 'delete-image' | 'delete-claim' | 'mount'
const ANY: readonly Act[] = ['start', 'edit', 'on', 'on', 'off', 'new', 'delete-vm', 'delete-image', 'delete-claim', 'mount']
/** What matters while a disk is being read. */
export const DURING_A_READ: readonly Act[] = ['start', 'edit', 'on', 'on', 'on', 'new', 'delete-vm', 'delete-image', 'delete-image', 'mount', 'mount', 'mount', 'mount', 'mount']

/** Somebody who knows nothing of the export does something. Returns the VM that he has turned on and will turn off again, if there is one. */
export function meddle(api: ModelApi, controllers: ModelControllers, chance: Chance, acts: readonly Act[] = ANY): string | undefined {
  const act = chance.of(acts)
  const names = api.list('vms').map(({ metadata }) => metadata.name)
  const found = names.length ? api.find('vms', chance.of(names)) : undefined
  const turnedOn = (act === 'start' || act === 'on') && found && chance.happens(0.6) ? found.metadata.name : undefined
  if (act === 'start' && found)
    ifAllowed(() => api.start(found.metadata.name, 'somebody'))
  else if ((act === 'on' || act === 'off') && found)
    ifAllowed(() => api.put('vms', { ...found, spec: wanted(found, act === 'on') }, 'somebody'))
  else if (act === 'edit' && found)
    api.put('vms', { ...found, spec: { ...found.spec, template: { ...found.spec.template, metadata: { annotations: { 'example.com/seen': String(api.time) } } } } }, 'somebody')
  else if (act === 'new' && !api.find('vms', 'other'))
    controllers.createVm('other', chance.of(['Always', 'RerunOnFailure', 'Halted']), true, 'obedient', 'somebody')
  else if (act === 'delete-vm' && found && found.metadata.name !== 'other')
    api.remove('vms', found.metadata.name, 'somebody')
  else if (act === 'delete-image')
    api.list('images').forEach(image => api.remove('images', image.metadata.name, 'somebody'))
  else if (act === 'delete-claim' && chance.happens(0.3) && !api.list('pods').length)
    api.remove('claims', CLAIM, 'somebody')
  else if (act === 'mount' && api.find('claims', CLAIM))
    controllers.mount(chance.happens(0.6))
  return turnedOn
}

function ifAllowed(act: () => void): void {
  try {
    act()
  }
  catch {
    // It was refused.
  }
}
