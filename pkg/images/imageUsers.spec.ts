import type { PersistentVolumeClaim } from '#kube/core.ts'
import type { KubeObject } from '#kube/object.ts'
import type { Seen } from '#kube/seen.ts'
import type { DataVolume } from '#volumes/dataVolume.ts'
import type { VirtualMachine } from '#vms/vm.ts'
import type { VmBackup } from '#vms/vmBackup.ts'
import type { VirtualMachineImage } from './image.ts'
import type { ImageUsersWorld, TemplateVersion } from './imageUsers.ts'
import { describe, expect, it } from 'vitest'
import { refusalOfRemoval, usersOfImage } from './imageUsers.ts'

const meta = (name: string, extra: object = {}, namespace = 'lab') => ({ name, namespace, uid: name, resourceVersion: '1', creationTimestamp: '', ...extra })
const image = (spec: Partial<VirtualMachineImage['spec']> = {}, extra: object = {}): VirtualMachineImage => ({ apiVersion: '', kind: '', metadata: meta('image-1', extra), spec: { displayName: 'noble', sourceType: 'download', ...spec }, status: { storageClassName: 'lh-1' } })
const claim = (name: string, storageClassName: string, annotations = {}): PersistentVolumeClaim => ({ apiVersion: '', kind: '', metadata: meta(name, { annotations }), spec: { storageClassName } })
const templates = (imageId: string) => ({ 'harvesterhci.io/volumeClaimTemplates': JSON.stringify([null, { metadata: { name: 'x', annotations: { 'harvesterhci.io/imageId': imageId } } }]) })
const vm = (name: string, claimName: string, annotations = {}): VirtualMachine => ({ apiVersion: '', kind: '', metadata: meta(name, { annotations }), spec: { template: { spec: { volumes: [{ name: 'disk', persistentVolumeClaim: { claimName } }] } } } })
const version = (name: string, spec: object, namespace = 'lab'): TemplateVersion => ({ apiVersion: '', kind: '', metadata: meta(name, {}, namespace), spec })
const backup = (name: string, storageClassName: string): VmBackup => ({ apiVersion: '', kind: '', metadata: meta(name), spec: {}, status: { volumeBackups: [{ persistentVolumeClaim: { spec: { storageClassName } } }] } })
const copy = (name: string, phase: string, source: object): DataVolume => ({ apiVersion: '', kind: '', metadata: meta(name), spec: { source: { pvc: source as { namespace: string, name: string } } }, status: { phase } })
const OWNED = { ownerReferences: [{ apiVersion: 'harvesterhci.io/v1beta1', kind: 'VirtualMachineTemplateVersion', name: 'v1', uid: 'v1' }] }

const live = <T extends KubeObject>(objects: readonly T[] = []): Seen<T> => ({ objects, state: 'live' })
const world = (some: Partial<ImageUsersWorld>): ImageUsersWorld => ({ claims: live(), dataVolumes: live(), vms: live(), vmis: live(), templateVersions: live(), backups: live(), ...some })
const names = (objects: readonly KubeObject[]) => objects.map(({ metadata }) => metadata.name)

describe('who uses an image', () => {
  it('are the volumes of its class and the VMs on them', () => {
    const found = usersOfImage(image(), world({ claims: live([claim('a', 'lh-1'), claim('b', 'lh-1'), claim('c', 'other')]), vms: live([vm('one', 'a'), vm('two', 'c'), vm('three', 'b', templates('lab/image-1'))]) }))
    expect(found.volumes.map(volume => [volume.claim.metadata.name, volume.bond, ...names(volume.users.vms)])).toEqual([['a', 'layered', 'one'], ['b', 'layered', 'three']])
    expect(found.awaiting).toEqual([])
  })

  it('are VMs whose volume is still to be made from it', () => {
    expect(names(usersOfImage(image(), world({ vms: live([vm('one', 'not-yet', templates('lab/image-1')), vm('two', 'not-yet', templates('lab/other')), vm('three', 'x', { 'harvesterhci.io/volumeClaimTemplates': '{' })]) })).awaiting)).toEqual(['one'])
  })

  it('are template versions that name it, or own it', () => {
    const versions = [version('names', { imageId: 'lab/image-1' }), version('makes', { vm: { metadata: { annotations: templates('lab/image-1') } } }), version('other', { imageId: 'lab/image-2' }), version('v1', {}), version('v1', {}, 'elsewhere')]
    expect(names(usersOfImage(image(), world({ templateVersions: live(versions) })).templates)).toEqual(['names', 'makes'])
    const owned = usersOfImage(image({}, OWNED), world({ templateVersions: live(versions) }))
    expect(names(owned.owners)).toEqual(['v1'])
    expect(names(owned.templates)).toEqual(['names', 'makes', 'v1'])
  })

  it('of CDI are copies while they are made, and those that live without it are told apart', () => {
    const dataVolumes = live([copy('a', 'Succeeded', { namespace: 'lab', name: 'image-1' }), copy('b', 'CSICloneInProgress', { name: 'image-1' }), copy('c', 'Pending', { namespace: 'lab', name: 'other' })])
    const claims = live([claim('image-1', 'v2'), claim('a', 'v2'), claim('b', 'v2'), claim('c', 'v2'), claim('d', 'v2', { 'harvesterhci.io/imageId': 'lab/image-1' })])
    const found = usersOfImage(image({ backend: 'cdi' }), world({ claims, dataVolumes }))
    expect(found.volumes.map(volume => [volume.claim.metadata.name, volume.bond])).toEqual([['a', 'copied'], ['b', 'copying'], ['d', 'copied']])
  })

  it('may be more where something cannot be seen', () => {
    const blind = { objects: [], state: 'forbidden', unread: true } as const
    expect(usersOfImage(image(), world({ claims: blind, backups: { ...live(), partial: ['lab'] } })).unseen.map(spot => spot.resource)).toEqual(['persistentvolumeclaims', 'virtualmachinebackups.harvesterhci.io'])
    expect(usersOfImage(image(), world({ dataVolumes: blind })).unseen).toEqual([])
    expect(usersOfImage(image({ backend: 'cdi' }), world({ dataVolumes: blind })).unseen).toHaveLength(1)
  })
})

describe('Harvester refuses to delete an image', () => {
  const all = { templateVersions: [version('v1', {})], claims: [claim('a', 'lh-1')], backups: [backup('night', 'lh-1'), backup('noon', 'lh-1'), backup('other', 'lh-2')] }
  it.each<[string, VirtualMachineImage, Parameters<typeof refusalOfRemoval>[1], string | undefined]>([
    ['that a template version owns, first of all', image({}, OWNED), all, 'Cannot delete image lab/noble: being used by VMTemplateVersion v1'],
    ['not: whose owner is gone', image({}, OWNED), { templateVersions: [], claims: [], backups: [] }, undefined],
    ['not: that a template version only names', image(), { templateVersions: [version('v1', { imageId: 'lab/image-1' })], claims: [], backups: [] }, undefined],
    ['with a volume', image(), all, 'Cannot delete image lab/noble: being used by volume lab/a'],
    ['with backups, all named', image(), { ...all, claims: [] }, 'Cannot delete image lab/noble: being used by VMBackups lab/night,lab/noon'],
    ['not: that nothing is made from', image(), { templateVersions: [], claims: [claim('a', 'other')], backups: [] }, undefined],
    ['not: of CDI, whatever uses it', image({ backend: 'cdi' }, OWNED), all, undefined],
    ['not: without a class, though a volume has none either', { ...image(), status: {} }, { ...all, claims: [claim('a', '')] }, undefined],
  ])('%s', (_, given, seen, words) => {
    expect(refusalOfRemoval(given, seen)).toBe(words)
  })
})
