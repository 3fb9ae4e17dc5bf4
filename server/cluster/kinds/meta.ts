import type { Schema } from '../kind.ts'
import { byteCount, flag, keyedList, listOf, open, shape, text, textList, textMap, texts, time } from './shapes.ts'

// meta/v1 as in k8s.io/apimachinery pkg/apis/meta/v1/types.go. The three texts at the top of every kind are what a real
// API server puts there for custom kinds, and so are a fact of the wire; the others are ours.

export const API_VERSION: Schema = text('APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources')
export const KIND: Schema = text('Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds')
export const METADATA_TEXT = 'Standard object\'s metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata'

const ownerReference = shape('The owner of an object.', {
  'apiVersion!': text('API version of the owner.'),
  'kind!': text('Kind of the owner.'),
  'name!': text('Name of the owner.'),
  'uid!': text('Identity of the owner.'),
  'blockOwnerDeletion': flag('Whether the owner waits for this object when it is deleted in the foreground.'),
  'controller': flag('Whether the owner manages the object.'),
})

const managedFields = shape('Who wrote which fields.', {
  ...texts({ apiVersion: 'API version of the fields.', fieldsType: 'FieldsV1.', manager: 'Who wrote.', operation: 'Apply or Update.', subresource: 'Subresource that was written.' }),
  fieldsV1: open('The fields.'),
  time: time('When.'),
})

export const OBJECT_META: Schema = shape('What every object has.', {
  ...texts({
    name: 'Name, unique in its namespace.', generateName: 'Start of a name that the server completes.', namespace: 'Namespace.', selfLink: 'Unused.',
    uid: 'Identity, never given twice.', resourceVersion: 'Version of the object, for comparing only.',
  }),
  generation: byteCount('Number of the wanted state.'),
  creationTimestamp: time('When it was created.', { nullable: true }),
  deletionTimestamp: time('When its deletion was asked for, or is due.', { nullable: true }),
  deletionGracePeriodSeconds: byteCount('Seconds that it has to end.'),
  labels: textMap('Names to select it by.'),
  annotations: textMap('Notes of programs.'),
  ownerReferences: keyedList('uid', ownerReference, 'What it belongs to; it goes when all of them are gone.'),
  finalizers: textList('Who must be done before it goes.', { 'x-kubernetes-patch-strategy': 'merge' }),
  managedFields: listOf(managedFields, 'Who wrote which field.'),
})

export const LIST_META: Schema = shape('What every list has.', {
  ...texts({ resourceVersion: 'Version of the list.', continue: 'Where the next page begins.', selfLink: 'Unused.' }),
  remainingItemCount: byteCount('How many items are left.'),
})
