import type { KindDefinition } from './shapes.ts'
import {
  byteCount, column, conditions, flag, integer, listOf, object, open, shape, text, textList, textMap, texts, time,
} from './shapes.ts'

// The built-in groups beside core, as in kubernetes/api and kubernetes/apiextensions-apiserver; descriptions ours.

const storage = { group: 'storage.k8s.io', versions: ['v1'], cluster: true }
const rbac = { group: 'rbac.authorization.k8s.io', versions: ['v1'] }
const createOnly = ['create']

const storageClass: KindDefinition = {
  ...storage, kind: 'StorageClass', plural: 'storageclasses', shortNames: ['sc'],
  schema: object('A way of making volumes.', {
    'provisioner!': text('Driver that makes them.'),
    'parameters': textMap('Parameters of the driver.'),
    'reclaimPolicy': text('What becomes of a volume when its claim goes.', { default: 'Delete' }),
    'volumeBindingMode': text('Immediate or WaitForFirstConsumer.', { default: 'Immediate' }),
    'allowVolumeExpansion': flag('Whether claims can grow.'),
    'mountOptions': textList('Options.'),
    'allowedTopologies': listOf(open(''), 'Where volumes may be.'),
  }),
}

const volumeError = (description: string) => shape(description, { message: text('What went wrong.'), time: time('When.'), errorCode: integer('Code.', { format: 'int32' }) })
const attachment: KindDefinition = {
  ...storage, kind: 'VolumeAttachment', plural: 'volumeattachments', status: true,
  schema: object('The attachment of a volume to a node.', {
    'spec!': shape('What is attached where.', {
      'attacher!': text('Driver.'),
      'nodeName!': text('Node.'),
      'source!': shape('Volume.', { persistentVolumeName: text('Persistent volume.'), inlineVolumeSpec: open('Volume that has no object.') }),
    }),
    'status': shape('Whether it is attached.', {
      'attached!': flag('Whether it is attached.', { default: false }),
      'attachmentMetadata': textMap('What the driver says.'),
      'attachError': volumeError('Why attaching failed.'),
      'detachError': volumeError('Why detaching failed.'),
    }, { default: { attached: false } }),
  }),
}

const rules = listOf(shape('', {
  'verbs!': textList('What may be done; * is all.'),
  'apiGroups': textList('API groups; "" is core, * is all.'),
  'resources': textList('Resources, with /subresource; * is all.'),
  'resourceNames': textList('Names; none is all.'),
  'nonResourceURLs': textList('Paths that are no resources.'),
}), 'What may be done.')
const roleRef = shape('The role.', { 'apiGroup!': text('API group.', { default: 'rbac.authorization.k8s.io' }), 'kind!': text('Role or ClusterRole.'), 'name!': text('Name.') })
const subjects = listOf(shape('', { 'kind!': text('User, Group or ServiceAccount.'), 'name!': text('Name.'), 'namespace': text('Namespace of the account.'), 'apiGroup': text('API group.') }), 'Who.')
const binding = object('Gives a role to somebody.', { 'roleRef!': roleRef, subjects })

const access: KindDefinition[] = [
  { ...rbac, kind: 'ClusterRoleBinding', plural: 'clusterrolebindings', cluster: true, schema: binding },
  { ...rbac, kind: 'ClusterRole', plural: 'clusterroles', cluster: true, schema: object('What may be done, anywhere.', { rules, aggregationRule: open('Roles that are put together in it.') }) },
  { ...rbac, kind: 'RoleBinding', plural: 'rolebindings', schema: binding },
  { ...rbac, kind: 'Role', plural: 'roles', schema: object('What may be done in a namespace.', { rules }) },
]

const resourceAttributes = shape('An action on a resource.', {
  ...texts({ group: 'API group.', version: 'API version.', resource: 'Resource.', subresource: 'Subresource.', namespace: 'Namespace; empty is all.', name: 'Name; empty is all.', verb: 'Verb.' }),
  fieldSelector: open('Fields.'), labelSelector: open('Labels.'),
})
const reviewed = shape('The answer.', { 'allowed!': flag('Whether it is allowed.'), 'denied': flag('Whether it is refused.'), ...texts({ reason: 'Why.', evaluationError: 'What went wrong.' }) })
const question = { resourceAttributes, nonResourceAttributes: shape('A request for a path.', texts({ path: 'Path.', verb: 'Verb.' })) }
const otherUser = { ...question, user: text('Who.'), groups: textList('Groups.'), uid: text('Identity.'), extra: open('More.') }
const userInfo = open('Who it is.', { ...texts({ username: 'Name.', uid: 'Identity.' }), groups: textList('Groups.') })
const authorization = { group: 'authorization.k8s.io', versions: ['v1'], verbs: createOnly }
const authentication = { group: 'authentication.k8s.io', versions: ['v1'], verbs: createOnly, cluster: true }

const reviews: KindDefinition[] = [
  { ...authentication, kind: 'SelfSubjectReview', plural: 'selfsubjectreviews', schema: object('Who am I?', { status: shape('The answer.', { userInfo }) }) },
  { ...authorization, kind: 'LocalSubjectAccessReview', plural: 'localsubjectaccessreviews', schema: object('May somebody do this, in this namespace?', { 'spec!': shape('The question.', otherUser), 'status': reviewed }) },
  { ...authorization, kind: 'SelfSubjectAccessReview', plural: 'selfsubjectaccessreviews', cluster: true, schema: object('May I do this?', { 'spec!': shape('The question.', question), 'status': reviewed }) },
  { ...authorization, kind: 'SelfSubjectRulesReview', plural: 'selfsubjectrulesreviews', cluster: true, schema: object('What may I do in a namespace?', { 'spec!': shape('The question.', { namespace: text('Namespace.') }), 'status': open('The answer.') }) },
  { ...authorization, kind: 'SubjectAccessReview', plural: 'subjectaccessreviews', cluster: true, schema: object('May somebody do this?', { 'spec!': shape('The question.', otherUser), 'status': reviewed }) },
]

const names = (description: string) => shape(description, {
  kind: text('Kind.'),
  plural: text('Name in paths.'),
  singular: text('Name of one.'),
  listKind: text('Kind of a list.'),
  shortNames: textList('Short names.'),
  categories: textList('Groups of kinds that it is shown with.'),
})

// What must be there is checked by crdCheck.ts, in upstream's words.
const definition: KindDefinition = {
  group: 'apiextensions.k8s.io', versions: ['v1'], kind: 'CustomResourceDefinition', plural: 'customresourcedefinitions', shortNames: ['crd', 'crds'], categories: ['api-extensions'], cluster: true, status: true,
  columns: [column('Created At', 'date', '.metadata.creationTimestamp')],
  schema: object('A kind.', {
    spec: shape('What it is.', {
      group: text('API group.'),
      names: names('Its names.'),
      scope: text('Namespaced or Cluster.'),
      conversion: open('How versions become each other.', { strategy: text('None or Webhook.') }),
      preserveUnknownFields: flag('Whether unknown fields are kept.'),
      versions: listOf(shape('', {
        name: text('Version.'),
        served: flag('Whether it is served.'),
        storage: flag('Whether it is stored.'),
        schema: shape('Its schema.', { openAPIV3Schema: open('OpenAPI v3 schema.') }),
        subresources: shape('Its subresources.', { status: open('The status.'), scale: open('The scale.') }),
        additionalPrinterColumns: listOf(shape('', {
          name: text('Heading.'), type: text('Type.'), jsonPath: text('Where the value is.'),
          ...texts({ description: 'Description.', format: 'Format.' }), priority: integer('0 is shown always.', { format: 'int32' }),
        }), 'Columns of its table.'),
        selectableFields: listOf(shape('', { jsonPath: text('Where the value is.') }), 'What field selectors may use.'),
        deprecated: flag('Whether it is deprecated.'),
        deprecationWarning: text('What users of it are told.'),
      }), 'Its versions.'),
    }),
    status: shape('What became of it.', {
      acceptedNames: names('Names in use.'),
      conditions: conditions({ lastTransitionTime: time('When the status last changed.'), observedGeneration: byteCount('Generation that was seen.') }),
      storedVersions: textList('Versions that were ever stored.'),
      observedGeneration: byteCount('Generation that was seen.'),
    }),
  }),
}

const lease: KindDefinition = {
  group: 'coordination.k8s.io', versions: ['v1'], kind: 'Lease', plural: 'leases',
  schema: object('A claim to be in charge.', {
    spec: shape('Who and for how long.', {
      ...texts({ holderIdentity: 'Who holds it.', preferredHolder: 'Who should.', strategy: 'How the holder is chosen.' }),
      leaseDurationSeconds: integer('How long it is good for.', { format: 'int32' }),
      leaseTransitions: integer('How often it changed hands.', { format: 'int32' }),
      acquireTime: time('Since when it is held.'),
      renewTime: time('When it was last renewed.'),
    }),
  }),
}

export const PLATFORM_KINDS: readonly KindDefinition[] = [storageClass, attachment, ...access, ...reviews, definition, lease]
