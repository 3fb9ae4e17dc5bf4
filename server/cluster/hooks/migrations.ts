import type { VirtualMachineInstance } from '#vms/vm.ts'
import type { AdmissionAnswer, AdmissionHook } from '../cluster.ts'
import type { Migration } from '../controllers/migration.ts'
import { MIGRATIONS } from '../controllers/migration.ts'
import { MIGRATION_FINALIZER } from '../controllers/migrations.ts'
import { isFinal } from '../controllers/vmStatus.ts'
import type { JsonObject } from '../json.ts'
import { fieldAt, isObject } from '../json.ts'

// KubeVirt's webhooks on migrations: pkg/virt-api/webhooks/{mutating-webhook/mutators/migration-create-mutator,validating-webhook/admitters/migration-create-admitter}.go.

/** What the hooks look at, as it is now. */
export interface MigrationWorld {
  readonly vmi: (namespace: string, name: string) => VirtualMachineInstance | undefined
  readonly migrations: (namespace: string, vmi: string) => readonly Migration[]
}

/** Why a VMI is not migrated, in KubeVirt's words; undefined where it is. */
export function refusalOfMigration(namespace: string, name: string, { vmi: find, migrations }: MigrationWorld): string | undefined {
  const vmi = find(namespace, name)
  if (!vmi)
    return `the VMI "${namespace}/${name}" does not exist`
  if (isFinal(vmi))
    return 'Cannot migrate VMI in finalized state.'
  const condition = vmi.status?.conditions?.find(({ type, status }) => type === 'LiveMigratable' && status === 'False')
  if (condition)
    return `Cannot migrate VMI, Reason: ${condition.reason ?? ''}, Message: ${condition.message ?? ''}`
  const other = migrations(namespace, name).find(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
  return other && `in-flight migration detected. Active migration job (${other.metadata.uid}) is currently already in progress for VMI ${name}.`
}

function mutate(migration: JsonObject): JsonObject {
  const metadata = isObject(migration.metadata) ? migration.metadata : {}
  const labels = isObject(metadata.labels) ? metadata.labels : {}
  const finalizers = Array.isArray(metadata.finalizers) ? metadata.finalizers : []
  return { ...migration, metadata: { ...metadata, labels: { ...labels, 'kubevirt.io/vmi-name': fieldAt(migration, 'spec.vmiName') ?? '' }, finalizers: [...finalizers, MIGRATION_FINALIZER] } }
}

/** The hooks that KubeVirt has on the creation of a migration. */
export function migrationHooks(world: MigrationWorld): AdmissionHook[] {
  const onCreation = (name: string, phase: AdmissionHook['phase'], answer: (migration: JsonObject, namespace: string) => AdmissionAnswer | undefined): AdmissionHook => ({
    name, phase,
    review: ({ operation, kind, subresource, namespace, object }) =>
      operation === 'CREATE' && kind.group === MIGRATIONS.group && kind.plural === MIGRATIONS.plural && subresource === '' && object ? answer(object, namespace) : undefined,
  })
  return [
    onCreation('migrations-mutator.kubevirt.io', 'mutate', migration => ({ object: mutate(migration) })),
    onCreation('migration-create-validator.kubevirt.io', 'validate', (migration, namespace) => {
      const name = fieldAt(migration, 'spec.vmiName')
      if (typeof name !== 'string' || name === '')
        return { refusal: { code: 422, reason: 'Invalid', message: 'vmiName is missing', unnamed: true, causes: [{ reason: 'FieldValueRequired', message: 'vmiName is missing', field: 'spec.vmiName' }] } }
      const message = refusalOfMigration(namespace, name, world)
      return message === undefined ? undefined : { refusal: { code: 400, message } }
    }),
  ]
}
