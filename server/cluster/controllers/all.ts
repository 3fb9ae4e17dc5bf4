import { attacher, attachments } from './attachments.ts'
import { backingImages } from './backingImages.ts'
import { dataVolumes } from './cdi.ts'
import { claims, volumes } from './claims.ts'
import { provisioner, reclaimer } from './csiVolumes.ts'
import { evacuations } from './evacuations.ts'
import { fencing } from './fencing.ts'
import { guestMigration } from './guestMigration.ts'
import { guestVolumes } from './guestVolumes.ts'
import { guests } from './guests.ts'
import { harvesterImages } from './harvesterImages.ts'
import { harvesterVms } from './harvesterVms.ts'
import { heartbeats } from './heartbeats.ts'
import { imageManagers } from './imageManagers.ts'
import { imageSources } from './imageSources.ts'
import { nodes, pods } from './kubelet.ts'
import { releasers } from './longhornFinalizers.ts'
import { longhornNodes } from './longhornNodes.ts'
import { longhornReplicas } from './longhornReplicas.ts'
import { longhornVolumes } from './longhornVolumes.ts'
import { migrations } from './migrations.ts'
import { outOfService } from './outOfService.ts'
import { scheduler } from './scheduler.ts'
import type { Controller } from './step.ts'
import { unresponsiveNodes } from './unresponsiveNodes.ts'
import { vmBackups } from './vmBackups.ts'
import { vmis } from './vmis.ts'
import { vms } from './vms.ts'

/** Everything that moves the embedded cluster; on a real control plane those whose actor is really there are left out. */
export const CONTROLLERS: readonly Controller[] = [
  claims, volumes,
  scheduler, nodes, pods, outOfService,
  provisioner, reclaimer, attacher, attachments,
  longhornNodes, longhornVolumes, longhornReplicas, backingImages, imageManagers, imageSources, ...releasers,
  dataVolumes,
  harvesterImages, harvesterVms, vmBackups, fencing,
  vms, vmis, migrations, evacuations, unresponsiveNodes, heartbeats, guests, guestMigration, guestVolumes,
] as readonly unknown[] as readonly Controller[]
