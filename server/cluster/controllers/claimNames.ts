import type { VmVolume, VmiSpec } from '#vms/vm.ts'

/** The claim behind a volume of a VM, undefined where there is none (kubevirt pkg/storage/types/pvc.go:97). */
export function claimNameOf(volume: VmVolume): string | undefined {
  return volume.dataVolume?.name ?? volume.persistentVolumeClaim?.claimName ?? volume.ephemeral?.persistentVolumeClaim?.claimName ?? volume.memoryDump?.claimName
}

export function claimNamesOf(spec: VmiSpec): string[] {
  return (spec.volumes ?? []).flatMap(volume => claimNameOf(volume) ?? [])
}
