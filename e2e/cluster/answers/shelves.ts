/** Stands for the namespace of the group, in what is sent and in what is answered. Objects of the whole cluster begin with it. */
export const NS = 'answers-ns'

const of = (apiVersion: string, kind: string, plural: string, namespace: string | undefined = NS) => ({
  apiVersion, kind,
  path: `${apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`}${namespace ? `/namespaces/${namespace}` : ''}/${plural}`,
})

const LONGHORN = 'longhorn-system'

/** The collections that are asked. */
export const SHELVES = {
  vms: of('kubevirt.io/v1', 'VirtualMachine', 'virtualmachines'),
  vmis: of('kubevirt.io/v1', 'VirtualMachineInstance', 'virtualmachineinstances'),
  migrations: of('kubevirt.io/v1', 'VirtualMachineInstanceMigration', 'virtualmachineinstancemigrations'),
  vmPower: of('subresources.kubevirt.io/v1', 'VirtualMachine', 'virtualmachines'),
  vmiPower: of('subresources.kubevirt.io/v1', 'VirtualMachineInstance', 'virtualmachineinstances'),
  images: of('harvesterhci.io/v1beta1', 'VirtualMachineImage', 'virtualmachineimages'),
  templates: of('harvesterhci.io/v1beta1', 'VirtualMachineTemplate', 'virtualmachinetemplates'),
  templateVersions: of('harvesterhci.io/v1beta1', 'VirtualMachineTemplateVersion', 'virtualmachinetemplateversions'),
  keyPairs: of('harvesterhci.io/v1beta1', 'KeyPair', 'keypairs'),
  backups: of('harvesterhci.io/v1beta1', 'VirtualMachineBackup', 'virtualmachinebackups'),
  dataVolumes: of('cdi.kubevirt.io/v1beta1', 'DataVolume', 'datavolumes'),
  claims: of('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  networks: of('k8s.cni.cncf.io/v1', 'NetworkAttachmentDefinition', 'network-attachment-definitions'),
  pods: of('v1', 'Pod', 'pods'),
  secrets: of('v1', 'Secret', 'secrets'),
  /** Where both clusters say where the mirror of publishers is. */
  tour: of('v1', 'ConfigMap', 'configmaps', 'default'),
  classes: of('storage.k8s.io/v1', 'StorageClass', 'storageclasses', ''),
  roleBindings: of('rbac.authorization.k8s.io/v1', 'RoleBinding', 'rolebindings'),
  backingImages: of('longhorn.io/v1beta2', 'BackingImage', 'backingimages', LONGHORN),
  volumes: of('longhorn.io/v1beta2', 'Volume', 'volumes', LONGHORN),
  replicas: of('longhorn.io/v1beta2', 'Replica', 'replicas', LONGHORN),
  longhornNodes: of('longhorn.io/v1beta2', 'Node', 'nodes', LONGHORN),
} as const
export type Shelf = keyof typeof SHELVES
