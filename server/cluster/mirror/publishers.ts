import { bare, bsd, clearSigned, debianJson, digests, plain, starred } from './checksumText.ts'
import type { NamedFiles } from './checksumText.ts'
import type { ImageFile } from './imageFile.ts'
import { hashOf, imageFile } from './imageFile.ts'
import type { Shelf } from './leaf.ts'
import { below, fileLeaf, modifiedOn, serialOf, textLeaf } from './leaf.ts'

// The trees of publishers as they looked when they were read (facts on pinning), each with a build every day or every week.

/** Builds that a publisher still has, newest first. */
const KEPT = 5

function builds(day: number, every: number): number[] {
  const newest = day - day % every
  return Array.from({ length: KEPT }, (_, index) => newest - index * every)
}

function filesOn(day: number, files: NamedFiles): Shelf {
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, fileLeaf(file, day)]))
}

function ubuntuDaily(day: number): Shelf {
  const build = (on: number): Shelf => {
    const files: NamedFiles = Object.fromEntries(['amd64', 'arm64'].map(arch => [`noble-server-cloudimg-${arch}.img`, imageFile('qcow2', `ubuntu noble ${arch} ${serialOf(on)}`)]))
    return { ...filesOn(on, files), SHA256SUMS: textLeaf(() => starred(files, 'sha256'), on), MD5SUMS: textLeaf(() => starred(files, 'md5'), on) }
  }
  return { ...below('noble/current', build(day)), ...Object.assign({}, ...builds(day, 1).map(on => below(`noble/${serialOf(on)}`, build(on)))) as Shelf }
}

const UBUNTU_IMAGE = 'ubuntu-24.04-server-cloudimg-amd64.img'

function ubuntuReleases(day: number): Shelf {
  const image = (on: number) => imageFile('qcow2', `ubuntu noble release ${serialOf(on)}`, 3 * 2 ** 20)
  const build = (on: number): Shelf => ({ [UBUNTU_IMAGE]: fileLeaf(image(on), on), SHA256SUMS: textLeaf(() => starred({ [UBUNTU_IMAGE]: image(on) }, 'sha256'), on) })
  const all = builds(day, 7)
  const index = () => JSON.stringify({
    content_id: 'com.ubuntu.cloud:released:download', datatype: 'image-downloads', format: 'products:1.0', updated: new Date(modifiedOn(day)).toUTCString(),
    products: {
      'com.ubuntu.cloud:server:24.04:amd64': {
        aliases: '24.04,lts,n,noble', arch: 'amd64', os: 'ubuntu', release: 'noble', release_title: '24.04 LTS', supported: true, version: '24.04',
        versions: Object.fromEntries(all.map(on => [serialOf(on), {
          label: 'release', pubname: `ubuntu-noble-24.04-amd64-server-${serialOf(on)}`,
          items: { 'disk1.img': { ftype: 'disk1.img', md5: hashOf(image(on), 'md5'), path: `server/releases/noble/release-${serialOf(on)}/${UBUNTU_IMAGE}`, sha256: hashOf(image(on), 'sha256'), size: image(on).size } },
        }])),
      },
    },
  }, undefined, 1)
  const releases: Shelf = { ...below('noble/release', build(all[0] ?? day)), ...Object.assign({}, ...all.map(on => below(`noble/release-${serialOf(on)}`, build(on)))) as Shelf }
  return { ...below('releases', releases), ...below('releases/server/releases', releases), 'releases/streams/v1/com.ubuntu.cloud:released:download.json': textLeaf(index, day, 'application/json') }
}

function debian(day: number): Shelf {
  const build = (on: number, alias: boolean): Shelf => {
    const serial = `${serialOf(on)}-${on % 2000}`
    const image = imageFile('qcow2', `debian bookworm ${serial}`)
    const name = `debian-12-genericcloud-amd64${alias ? '' : `-${serial}`}`
    return { [`${name}.qcow2`]: fileLeaf(image, on), [`${name}.json`]: textLeaf(() => debianJson(`${name}.qcow2`, image, serial), on, 'application/json'), SHA512SUMS: textLeaf(() => plain({ [`${name}.qcow2`]: image }, 'sha512'), on) }
  }
  return { ...below('bookworm/latest', build(day, true)), ...Object.assign({}, ...builds(day, 1).map(on => below(`bookworm/${serialOf(on)}-${on % 2000}`, build(on, false)))) as Shelf }
}

/** A folder in which an alias lies beside the dated files. */
function twins(day: number, { alias, dated, name }: { readonly alias: string, readonly dated: (serial: string) => string, readonly name: string }): { all: NamedFiles, shelf: Shelf } {
  const kept = builds(day, 7).slice(0, 3)
  const image = (on: number) => imageFile('qcow2', `${name} ${serialOf(on)}`)
  const files = kept.map(on => [on, dated(serialOf(on)), image(on)] as const)
  const [[on, , newest]] = files as [typeof files[number]]
  return {
    all: { [alias]: newest, ...Object.fromEntries(files.map(([, file, made]) => [file, made])) },
    shelf: { [alias]: fileLeaf(newest, on), ...Object.fromEntries(files.map(([from, file, made]) => [file, fileLeaf(made, from)])) },
  }
}

function almalinux(day: number): Shelf {
  const { all, shelf } = twins(day, { name: 'almalinux 9', alias: 'AlmaLinux-9-GenericCloud-latest.x86_64.qcow2', dated: serial => `AlmaLinux-9-GenericCloud-9.6-${serial}.x86_64.qcow2` })
  return { ...shelf, CHECKSUM: textLeaf(() => clearSigned(plain(all, 'sha256')), day) }
}

function centos(day: number): Shelf {
  const { all, shelf } = twins(day, { name: 'centos 10', alias: 'CentOS-Stream-GenericCloud-10-latest.x86_64.qcow2', dated: serial => `CentOS-Stream-GenericCloud-10-${serial}.0.x86_64.qcow2` })
  const sums = Object.fromEntries(Object.entries(all).map(([name, file]) => [`${name}.SHA256SUM`, textLeaf(() => bsd({ [name]: file }, 'sha256'), day)]))
  return { ...shelf, ...sums, CHECKSUM: textLeaf(() => bsd(all, 'sha256'), day) }
}

/** Its release never changes; the checksum file is signed around BSD lines. */
function fedora(): Shelf {
  const files: NamedFiles = { 'Fedora-Cloud-Base-Generic-43-1.6.x86_64.qcow2': imageFile('qcow2', 'fedora 43') }
  return { ...filesOn(20_390, files), 'Fedora-Cloud-43-1.6-x86_64-CHECKSUM': textLeaf(() => clearSigned(bsd(files, 'sha256')), 20_390) }
}

/** `.latest` and no dated twin: nothing to pin. */
function rocky(day: number): Shelf {
  const [on = day] = builds(day, 7)
  const files: NamedFiles = { 'Rocky-9-GenericCloud-Base.latest.x86_64.qcow2': imageFile('qcow2', `rocky 9 ${serialOf(on)}`) }
  return { ...filesOn(on, files), CHECKSUM: textLeaf(() => bsd(files, 'sha256'), on) }
}

/** The checksum beside the alias names the build; only the newest is kept. */
function opensuse(day: number): Shelf {
  const [on = day] = builds(day, 7)
  const image = imageFile('qcow2', `opensuse leap ${serialOf(on)}`)
  const build = `openSUSE-Leap-15.6-Minimal-VM.x86_64-15.6.0-Cloud-Build19.${on % 1000}.qcow2`
  const sum = textLeaf(() => plain({ [build]: image }, 'sha256'), on)
  const alias = 'openSUSE-Leap-15.6-Minimal-VM.x86_64-Cloud.qcow2'
  return { [alias]: fileLeaf(image, on), [build]: fileLeaf(image, on), [`${alias}.sha256`]: sum, [`${build}.sha256`]: sum }
}

function alpine(): Shelf {
  const name = 'nocloud_alpine-3.22.1-x86_64-bios-cloudinit-r0.qcow2'
  const image = imageFile('qcow2', 'alpine 3.22.1')
  return { [name]: fileLeaf(image, 20_284), [`${name}.sha512`]: textLeaf(() => bare(image, 'sha512'), 20_284) }
}

function flatcar(day: number): Shelf {
  const name = 'flatcar_production_qemu_image.img'
  const version = (on: number) => `4152.2.${on % 1000}`
  const build = (on: number): Shelf => {
    const image: ImageFile = imageFile('qcow2', `flatcar ${version(on)}`)
    return { [name]: fileLeaf(image, on), [`${name}.DIGESTS`]: textLeaf(() => digests({ [name]: image }), on), 'version.txt': textLeaf(() => `FLATCAR_BUILD=4152\nFLATCAR_VERSION=${version(on)}\n`, on) }
  }
  const all = builds(day, 7)
  return { ...below('current', build(all[0] ?? day)), ...Object.assign({}, ...all.map(on => below(version(on), build(on)))) as Shelf }
}

/** Files that are no cloud images: an installer, a bare disk, one that is packed. */
function appliances(): Shelf {
  const files: NamedFiles = { 'installer-4.2.iso': imageFile('iso', 'installer 4.2'), 'appliance-4.2.raw': imageFile('raw', 'appliance 4.2'), 'appliance-4.2.raw.gz': imageFile('gzip', 'appliance 4.2') }
  return { ...filesOn(20_300, files), SHA512SUMS: textLeaf(() => plain(files, 'sha512'), 20_300), SHA256SUMS: textLeaf(() => plain(files, 'sha256'), 20_300) }
}

/** Everything that publishers serve on a day (days since 1970). */
export function publishersOn(day: number): Shelf {
  return {
    ...below('ubuntu-cloud-images', { ...ubuntuDaily(day), ...ubuntuReleases(day) }),
    ...below('images/cloud', debian(day)),
    ...below('almalinux/9/cloud/x86_64/images', almalinux(day)),
    ...below('centos/10-stream/x86_64/images', centos(day)),
    ...below('fedora/linux/releases/43/Cloud/x86_64/images', fedora()),
    ...below('rocky/9/images/x86_64', rocky(day)),
    ...below('distribution/leap/15.6/appliances', opensuse(day)),
    ...below('alpine/v3.22/releases/cloud', alpine()),
    ...below('amd64-usr', flatcar(day)),
    ...below('appliances/4.2', appliances()),
  }
}
