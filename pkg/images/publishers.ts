// What is known of publishers: who they are, how their names behave where no build is named, how to pin, what becomes of old files.
// Known by host; a mirror by the tail of its path. The general rules (imageUrlRules.ts) read most names without an entry here:
// add one only for what they cannot know. To add a publisher, write five lines at the most:
//   {
//     id: 'example', hosts: ['example.org'],
//     habits: [{ path: /\/cloud\/[^/]*\.qcow2$/, verdict: 'mutable', because: 'rebuilt' }],
//     pinnedForm: 'https://example.org/cloud/<YYYYMMDD>/<file>', checksums: [SHA256SUMS], old: 'pruned',
//   },
// and a row for each habit in TABLE, and for what is told besides, in imageUrl.spec.ts. Then `npm run bench:urls`.
// Source: the publishers' own pages and tools.

import { RELEASE_MAKERS } from './imageUrlRules.ts'

export type Algorithm = 'sha512' | 'sha256' | 'md5'

export interface ChecksumFile {
  /** Name beside the image; `{file}` stands for the image's own name, `{stem}` for that without its last ending, `$1` for a part that `of` found. */
  readonly name: string
  /** Only for images so called. */
  readonly of?: RegExp
  readonly algorithm: Algorithm
}

export interface Habit {
  /** Matched on the lower-case path. */
  readonly path: RegExp
  readonly verdict: 'mutable' | 'pinned' | 'unknown'
  /** `rebuilt`: the same name gets new bytes. `frozen`: a tree that is no longer touched. `release`: made once. `respun`: made again now and then. */
  readonly because: 'rebuilt' | 'frozen' | 'release' | 'respun'
  /** Judged before builds are looked for, or before alias words and versions: for trees where those do not mean what they say. */
  readonly over?: 'build' | 'version'
}

export interface Publisher {
  readonly id: string
  /** Host names and parents of host names. */
  readonly hosts: readonly string[]
  /** Mirrors: matched on the lower-case path. */
  readonly mirror?: RegExp
  /** Lower-case paths on its hosts that another entry knows by `mirror`. */
  readonly except?: RegExp
  /** On a forge: the head of the lower-case path, which names owner and project. Its words say nothing of the file. */
  readonly project?: RegExp
  readonly habits?: readonly Habit[]
  /** How a pinned URL of this publisher looks. */
  readonly pinnedForm?: string
  readonly checksums?: readonly ChecksumFile[]
  /** What becomes of pinned files: deleted, moved elsewhere, or kept (absent). */
  readonly old?: 'pruned' | 'moved'
  /** Lower-case paths that stay all the same. */
  readonly kept?: RegExp
  /** A file in the alias directory that tells its version, and what stands before the version in it. */
  readonly versionFile?: { readonly name: string, readonly key: string }
  /** A list of all builds in the simplestreams format (`products:1.0`); `root` is what its paths follow after `cut` is taken off. */
  readonly releaseIndex?: { readonly url: string, readonly root: string, readonly cut: string }
}

const SHA256SUMS: ChecksumFile = { name: 'SHA256SUMS', algorithm: 'sha256' }
const SHA512SUMS: ChecksumFile = { name: 'SHA512SUMS', algorithm: 'sha512' }
const OWN_SHA256: ChecksumFile = { name: '{file}.sha256', algorithm: 'sha256' }
const OWN_SHA512: ChecksumFile = { name: '{file}.sha512', algorithm: 'sha512' }
const CHECKSUM: ChecksumFile = { name: 'CHECKSUM', algorithm: 'sha256' }

/** First match wins: narrower entries stand before wider ones. */
export const PUBLISHERS: readonly Publisher[] = [
  {
    id: 'ubuntu-cloud', hosts: ['cloud-images.ubuntu.com', 'uec-images.ubuntu.com'],
    mirror: /\/ubuntu-cloud-images\/|\/release(?:-\d{8})?\/[^/]*-cloudimg-/, habits: [{ path: /-cloudimg-[^/]*$/, verdict: 'mutable', because: 'rebuilt' }], pinnedForm: 'https://cloud-images.ubuntu.com/releases/<codename>/release-<YYYYMMDD>/<file>',
    checksums: [SHA256SUMS], old: 'pruned',
    releaseIndex: { url: 'https://cloud-images.ubuntu.com/releases/streams/v1/com.ubuntu.cloud:released:download.json', root: 'https://cloud-images.ubuntu.com/', cut: 'server/' },
  },
  {
    id: 'ubuntu', hosts: ['releases.ubuntu.com', 'old-releases.ubuntu.com', 'cdimage.ubuntu.com', 'cdimages.ubuntu.com', 'archive.ubuntu.com'],
    mirror: /\/ubuntu-(?:releases|cdimage|iso)\//, habits: [{ path: /\/[a-z]*ubuntu-\d\d\.\d\d(?:\.\d)?-[^/]*\.(?:iso|img(?:\.xz)?)$/, verdict: 'pinned', because: 'release' }], pinnedForm: 'https://releases.ubuntu.com/<version>/ubuntu-<version.point>-live-server-<arch>.iso',
    checksums: [SHA256SUMS], old: 'moved',
  },
  {
    id: 'debian-cloud', hosts: ['cloud.debian.org'],
    mirror: /\/cdimage\/(?:cloud|openstack)\/|\/images\/cloud\/(?:bullseye|bookworm|trixie|forky|sid|buster)/,
    pinnedForm: 'https://cloud.debian.org/images/cloud/<codename>/<YYYYMMDD-NNNN>/debian-<version>-genericcloud-<arch>-<YYYYMMDD-NNNN>.qcow2',
    checksums: [SHA512SUMS], old: 'pruned',
  },
  {
    id: 'debian', hosts: ['cdimage.debian.org', 'deb.debian.org'],
    mirror: /\/(?:debian-cd|debian-cdimage|cdimage)\//, except: /\/cdimage\/(?:cloud|openstack)\//,
    habits: [{ path: /\/archive\/latest-[^/]*\//, verdict: 'pinned', because: 'release' }],
    pinnedForm: 'https://cdimage.debian.org/cdimage/archive/<x.y.z>/<arch>/iso-cd/debian-<x.y.z>-<arch>-netinst.iso',
    checksums: [SHA512SUMS, SHA256SUMS], old: 'moved', kept: /\/release\/\d/,
  },
  {
    id: 'fedora-coreos', hosts: ['builds.coreos.fedoraproject.org'],
    pinnedForm: 'https://builds.coreos.fedoraproject.org/prod/streams/<stream>/builds/<id>/<arch>/fedora-coreos-<id>-qemu.<arch>.qcow2.xz',
  },
  {
    id: 'fedora', hosts: ['fedoraproject.org'],
    mirror: /\/fedora(?:-secondary|-alt)?\/(?:linux\/)?(?:releases|development)\//,
    habits: [{ path: /\/releases\/(?:test\/)?\d+[^/]*\/|\/linux\/core\/\d\//, verdict: 'pinned', because: 'release' }],
    pinnedForm: 'https://download.fedoraproject.org/pub/fedora/linux/releases/<N>/Cloud/<arch>/images/Fedora-Cloud-Base-Generic-<N>-<R>.<arch>.qcow2',
    checksums: [
      { name: 'Fedora-Cloud-$1-$2-CHECKSUM', of: /^Fedora-Cloud-[A-Za-z-]+-(\d+[^.-]*-[\d.]+)[.-]([\da-z_]+)\.[a-z\d.]+$/, algorithm: 'sha256' },
      { name: 'Fedora-$1-$3-$2-CHECKSUM', of: /^Fedora-([A-Z][a-z]+)-[a-z]+-([\da-z_]+)-(\d+[^.-]*-[\d.]+)\.iso$/, algorithm: 'sha256' },
    ],
    old: 'moved', kept: /\/pub\/alt\//,
  },
  {
    id: 'rhcos', hosts: ['mirror.openshift.com', 'rhcos.mirror.openshift.com'],
    pinnedForm: 'https://mirror.openshift.com/pub/openshift-v4/<arch>/dependencies/rhcos/4.<N>/4.<N>.<Z>/<file>', checksums: [{ name: 'sha256sum.txt', algorithm: 'sha256' }],
  },
  {
    id: 'centos', hosts: ['centos.org'],
    mirror: /\/centos(?:-stream|-vault)?\/\d+(?:\.\d+)*(?:-stream)?\//,
    habits: [
      { path: /\/(?:centos-vault|vault\/centos)\/\d/, verdict: 'pinned', because: 'frozen', over: 'build' },
      { path: /\/centos-\d-[^/]*-(?:1[4-9]|2\d)(?:0[1-9]|1[0-2])\.[^/]*$/, verdict: 'pinned', because: 'release' },
      { path: /\/centos-\d\.\d+-[^/]*\.iso$/, verdict: 'pinned', because: 'release' },
      { path: /genericcloud\.[^/]*$/, verdict: 'mutable', because: 'rebuilt' },
    ],
    pinnedForm: 'https://cloud.centos.org/centos/<N>-stream/<arch>/images/CentOS-Stream-GenericCloud-<N>-<YYYYMMDD.n>.<arch>.qcow2',
    checksums: [{ ...CHECKSUM, of: /stream/i }, { name: '{file}.SHA256SUM', of: /stream/i, algorithm: 'sha256' }, { name: 'sha256sum.txt', of: /CentOS-[67]/, algorithm: 'sha256' }],
    old: 'pruned', kept: /\/centos\/[67]\//,
  },
  {
    id: 'rocky', hosts: ['rockylinux.org'],
    mirror: /\/rocky(?:linux)?\/\d+(?:\.\d+)?(?:-rc\d+)?\//,
    habits: [
      { path: /\/vault\/rocky\/\d+\.\d+\//, verdict: 'pinned', because: 'frozen', over: 'build' },
      { path: /\/\d+\/isos\/[^/]+\/rocky-[a-z_\d]+-[a-z]+\d?\.iso$/, verdict: 'mutable', because: 'rebuilt', over: 'version' },
      { path: /\/stg\/|-rc\d+\//, verdict: 'unknown', because: 'respun', over: 'build' },
      { path: /\/rocky-\d+\.\d+-[^/]*\.iso$/, verdict: 'pinned', because: 'release' },
    ],
    pinnedForm: 'https://dl.rockylinux.org/pub/rocky/<N.m>/images/<arch>/Rocky-<N>-GenericCloud-Base-<N.m>-<YYYYMMDD.n>.<arch>.qcow2',
    checksums: [CHECKSUM, { name: '{file}.CHECKSUM', algorithm: 'sha256' }],
    old: 'moved',
  },
  {
    id: 'almalinux', hosts: ['almalinux.org'],
    mirror: /\/almalinux\/\d+(?:\.\d+)?\//,
    habits: [
      { path: /\/\d+\.\d+\/.*-latest[-.]/, verdict: 'unknown', because: 'respun', over: 'build' },
      { path: /-cloud[-.][^/]*$/, verdict: 'unknown', because: 'respun' },
      { path: /\/almalinux-\d+\.\d+-[^/]*\.iso$/, verdict: 'pinned', because: 'release' },
    ],
    pinnedForm: 'https://repo.almalinux.org/almalinux/<N.m>/cloud/<arch>/images/AlmaLinux-<N>-GenericCloud-<N.m>-<YYYYMMDD>.<arch>.qcow2',
    checksums: [CHECKSUM],
    old: 'moved',
  },
  {
    id: 'opensuse', hosts: ['opensuse.org'],
    mirror: /\/opensuse\/|\/repositories\/[^/]+:\/|\/(?:distribution|ports\/[^/]+)\/(?:leap|tumbleweed)\/|\/tumbleweed\//,
    habits: [
      { path: /\/repositories\/|^\/build\/|\/tumbleweed\//, verdict: 'mutable', because: 'rebuilt', over: 'version' },
      { path: /\/appliances\//, verdict: 'mutable', because: 'rebuilt', over: 'version' },
      { path: /\/leap\/42\.\d\//, verdict: 'pinned', because: 'frozen' },
      { path: /leap/, verdict: 'unknown', because: 'respun' },
    ],
    pinnedForm: 'the same directory, the name ending in -Build<X.Y>.qcow2 or -Snapshot<YYYYMMDD>.qcow2 as the .sha256 file names it',
    checksums: [OWN_SHA256],
    old: 'pruned',
  },
  {
    id: 'suse', hosts: ['suse.com'],
    pinnedForm: '<name>-GM.qcow2 or <name>-QU<n>.qcow2', checksums: [OWN_SHA256],
  },
  {
    id: 'arch', hosts: ['archlinux.org', 'pkgbuild.com'],
    mirror: /\/archlinux\/(?:iso|images)\//, pinnedForm: 'https://geo.mirror.pkgbuild.com/images/v<YYYYMMDD.job>/Arch-Linux-x86_64-cloudimg-<YYYYMMDD.job>.qcow2',
    checksums: [{ name: '{file}.SHA256', of: /qcow2$/, algorithm: 'sha256' }, { name: 'sha256sums.txt', of: /iso$/, algorithm: 'sha256' }], old: 'pruned',
  },
  {
    id: 'alpine', hosts: ['alpinelinux.org'],
    mirror: /\/alpine\/(?:v\d|edge|latest-stable)/, pinnedForm: 'https://dl-cdn.alpinelinux.org/alpine/v<3.N>/releases/cloud/nocloud_alpine-<3.N.P>-<arch>-uefi-cloudinit-r<R>.qcow2', checksums: [OWN_SHA512],
  },
  {
    id: 'gentoo', hosts: ['gentoo.org'],
    mirror: /\/gentoo\/.*\/autobuilds\//, pinnedForm: 'https://distfiles.gentoo.org/releases/<arch>/autobuilds/<timestamp>/<name>-<timestamp>.qcow2', checksums: [{ name: '{file}.DIGESTS', algorithm: 'sha512' }], old: 'pruned',
  },
  {
    id: 'nixos', hosts: ['nixos.org'],
    pinnedForm: 'https://releases.nixos.org/nixos/<version>/nixos-<version>.<n>.<hash>/<file>', checksums: [OWN_SHA256],
  },
  {
    id: 'flatcar', hosts: ['flatcar-linux.net', 'flatcar-linux.org', 'core-os.net'],
    habits: [{ path: /\/9999\.|\+/, verdict: 'unknown', because: 'respun', over: 'build' }], pinnedForm: 'https://<channel>.release.flatcar-linux.net/amd64-usr/<x.y.z>/<file>', checksums: [{ name: '{file}.DIGESTS', algorithm: 'sha512' }],
    versionFile: { name: 'version.txt', key: 'FLATCAR_VERSION=' },
  },
  {
    id: 'talos-factory', hosts: ['factory.talos.dev'],
    habits: [{ path: /\/image\/[0-9a-f]{64}\/v[\d.]+\/[^/]*\.(?:raw|qcow2)/, verdict: 'unknown', because: 'respun', over: 'build' }],
    pinnedForm: 'https://github.com/siderolabs/talos/releases/download/v<x.y.z>/<file>',
  },
  {
    id: 'oracle', hosts: ['yum.oracle.com'],
    habits: [{ path: /-r\d+-u\d+-|ol\d+u\d+_/, verdict: 'pinned', because: 'release' }],
    pinnedForm: 'https://yum.oracle.com/templates/OracleLinux/OL<n>/u<M>/x86_64/OL<n>U<M>_x86_64-kvm-b<NNN>.qcow2',
    old: 'pruned',
  },
  {
    id: 'amazon-linux', hosts: ['cdn.amazonlinux.com'],
    pinnedForm: 'https://cdn.amazonlinux.com/al2023/os-images/<2023.x.YYYYMMDD.n>/kvm/<file>', checksums: [SHA256SUMS],
  },
  {
    id: 'freebsd', hosts: ['freebsd.org'],
    mirror: /\/freebsd\/(?:releases|snapshots)\//, pinnedForm: 'https://download.freebsd.org/releases/VM-IMAGES/<v>-RELEASE/<arch>/Latest/<file>',
    checksums: [{ name: 'CHECKSUM.SHA512', algorithm: 'sha512' }, { name: 'CHECKSUM.SHA256', algorithm: 'sha256' }], old: 'moved',
  },
  {
    id: 'openbsd', hosts: ['openbsd.org'],
    mirror: /\/openbsd\/(?:\d+\.\d+|snapshots)\//, habits: [{ path: /\/openbsd\/\d+\.\d+\//, verdict: 'pinned', because: 'release' }],
    pinnedForm: 'https://cdn.openbsd.org/pub/OpenBSD/<N.m>/<arch>/install<Nm>.iso', checksums: [{ name: 'SHA256', algorithm: 'sha256' }],
  },
  {
    id: 'netbsd', hosts: ['netbsd.org'],
    mirror: /\/netbsd\/netbsd-\d|\/netbsd-(?:daily|archive)\//, habits: [{ path: /\/netbsd-\d+\.\d+[/-]/, verdict: 'pinned', because: 'release' }],
    pinnedForm: 'https://cdn.netbsd.org/pub/NetBSD/NetBSD-<N.m>/images/NetBSD-<N.m>-<arch>.iso', checksums: [{ name: 'SHA512', algorithm: 'sha512' }],
  },
  {
    id: 'kali', hosts: ['kali.org'],
    mirror: /\/kali-images\/|\/kali-linux-(?:[a-z\d]{1,12}-){0,2}20\d\d\.\d/, habits: [{ path: /\/kali-linux-(?:[a-z\d]{1,12}-){0,2}20\d\d\.\d[a-z]?-/, verdict: 'pinned', because: 'release', over: 'version' }, { path: /\/kali-weekly\/kali-linux-20\d\d\.\d/, verdict: 'unknown', because: 'respun', over: 'build' }], pinnedForm: 'https://cdimage.kali.org/kali-<YYYY.N>/kali-linux-<YYYY.N>-installer-<arch>.iso',
    checksums: [SHA256SUMS], old: 'moved',
  },
  {
    id: 'virtio-win', hosts: ['fedorapeople.org'],
    mirror: /\/virtio-win\/direct-downloads\//,
    habits: [{ path: /\/(?:stable|latest)-virtio\//, verdict: 'mutable', because: 'rebuilt' }],
    pinnedForm: 'https://fedorapeople.org/groups/virt/virtio-win/direct-downloads/archive-virtio/virtio-win-<X-R>/virtio-win-<X>.iso',
  },
  {
    id: 'harvester', hosts: ['releases.rancher.com'],
    pinnedForm: 'https://releases.rancher.com/harvester/v<X.Y.Z>/harvester-v<X.Y.Z>-<arch>.iso', checksums: [{ name: '{stem}.sha512', algorithm: 'sha512' }],
  },
  {
    id: 'github', hosts: ['github.com', 'githubusercontent.com', 'gitlab.com', 'codeberg.org'],
    mirror: /\/-\/raw\/|\/raw\/branch\//,
    project: /^\/[^/]+\/[^/]+\//,
    habits: [
      { path: /\/(?:raw|blob)\//, verdict: 'mutable', because: 'rebuilt' },
    ],
    pinnedForm: 'https://github.com/<owner>/<repository>/releases/download/<tag>/<file>',
  },
  {
    id: 'openwrt', hosts: ['openwrt.org'], habits: [{ path: /\/openwrt-\d\d\.\d\d-/, verdict: 'pinned', because: 'release' }],
    pinnedForm: 'https://downloads.openwrt.org/releases/<version>/targets/<target>/<file>', checksums: [{ name: 'sha256sums', algorithm: 'sha256' }],
  },
  { id: 'sourceforge', hosts: ['sourceforge.net', 'sf.net'], project: /^\/(?:projects?\/)?[^/]+\// },
  { id: 'vyos', hosts: ['vyos.io'], pinnedForm: 'https://github.com/vyos/vyos-nightly-build/releases/download/<stamp>/<file>', old: 'pruned' },
  { id: 'microsoft', hosts: ['microsoft.com'], habits: [{ path: /\/fwlink\b/, verdict: 'mutable', because: 'rebuilt', over: 'build' }], pinnedForm: 'https://software-static.download.prss.microsoft.com/dbazure/<GUID>/<build>.<YYMMDD-HHMM>.<branch>_SERVER_EVAL_x64FRE_en-us.iso' },
  { id: 'netboot.xyz', hosts: ['netboot.xyz'], habits: [{ path: /\/ipxe\//, verdict: 'mutable', because: 'rebuilt' }], pinnedForm: 'https://github.com/netbootxyz/netboot.xyz/releases/download/<tag>/<file>' },
  { id: 'hirens', hosts: ['hirensbootcd.org'], habits: [{ path: /\/files\/hbcd/, verdict: 'mutable', because: 'rebuilt' }] },
  { id: 'dietpi', hosts: ['dietpi.com'], habits: [{ path: /\/images\//, verdict: 'mutable', because: 'rebuilt' }] },
  { id: 'univention', hosts: ['software-univention.de'], habits: [{ path: /\/evaluation\/ucs-\d/, verdict: 'unknown', because: 'respun' }, { path: /\/evaluation\//, verdict: 'mutable', because: 'rebuilt' }] },
  { id: 'armbian', hosts: ['armbian.com'], habits: [{ path: /\/archive\//, verdict: 'pinned', because: 'release' }], pinnedForm: 'https://dl.armbian.com/<board>/archive/Armbian_<version>_<…>.img.xz', checksums: [{ name: '{file}.sha', algorithm: 'sha256' }] },
  { id: 'freedos', hosts: ['freedos.org', 'ibiblio.org'], except: /\/puppylinux\//, habits: [{ path: /\/fd\d\d[a-z]*\.iso$/, verdict: 'pinned', because: 'release' }] },
  { id: 'slackware', hosts: ['slackware.nl', 'slackware.com'], mirror: /\/(?:slackware|freenix)(?:64)?-\d+\.\d+-iso\//, habits: [{ path: /-live-\d+\.\d+\.iso$/, verdict: 'unknown', because: 'respun' }, { path: /-\d+\.\d+-install-dvd\.iso$/, verdict: 'pinned', because: 'release' }] },
  {
    id: 'osism', hosts: ['osism.tech', 'osism.de', 'regiocloud.tech'],
    mirror: /\/openstack-(?:k8s-capi-images|octavia-am?p[a-z]*-image)\//,
    habits: [{ path: /-kube-v\d+\.\d+\.qcow2$/, verdict: 'mutable', because: 'rebuilt', over: 'build' }, { path: /-kube-v\d|octavia-amphora/, verdict: 'mutable', because: 'rebuilt' }],
  },
  { id: 'raspberry-pi', hosts: ['raspberrypi.com', 'raspberrypi.org'], pinnedForm: 'https://downloads.raspberrypi.com/<flavour>/images/<flavour>-<YYYY-MM-DD>/<YYYY-MM-DD>-<…>.img.xz', checksums: [OWN_SHA256] },
  { id: 'smartos', hosts: ['mnx.io', 'joyent.com', 'smartos.org'], pinnedForm: 'https://us-central.manta.mnx.io/Joyent_Dev/public/SmartOS/smartos-<YYYYMMDDTHHMMSSZ>.iso' },
  { id: 'solus', hosts: ['getsol.us'], pinnedForm: 'https://downloads.getsol.us/isos/<YYYY-MM-DD>/<file>' },
  { id: 'ublue', hosts: ['bazzite.gg', 'projectbluefin.io', 'getaurora.dev', 'ublue.it'], habits: [{ path: /\.iso$/, verdict: 'mutable', because: 'rebuilt' }] },
  { id: 'ipxe', hosts: ['ipxe.org'], habits: [{ path: /\/ipxe[^/]*$/, verdict: 'mutable', because: 'rebuilt' }] },
  { id: 'memtest86', hosts: ['memtest86.com'], habits: [{ path: /-usb\.zip$|-iso\.zip$/, verdict: 'mutable', because: 'rebuilt' }] },
  { id: 'rescue-disks', hosts: ['kaspersky-labs.com', 'avira-update.com', 'drweb.com', 'eset.com', 'bitdefender.com'], habits: [{ path: /\/(?:updatable|rescue[^/]*|livedisk)\//, verdict: 'mutable', because: 'rebuilt' }] },
  { id: 'plan9', hosts: ['9p.io', 'plan9.bell-labs.com'], habits: [{ path: /\/plan9\.iso/, verdict: 'mutable', because: 'rebuilt' }] },
  {
    id: 'altlinux', hosts: ['altlinux.org', 'altlinux.ru'], mirror: /\/altlinux\/p\d+\/images\//,
    habits: [{ path: /\/images\/cloud\/|\/sisyphus\//, verdict: 'mutable', because: 'rebuilt' }],
  },
  { id: 'opendev', hosts: ['opendev.org'], habits: [{ path: /^\/openstack\//, verdict: 'mutable', because: 'rebuilt', over: 'build' }] },
  { id: 'opnsense', hosts: ['opnsense.org'], mirror: /\/opnsense\/releases\//, habits: [{ path: /\/opnsense-\d\d\.\d+-/, verdict: 'pinned', because: 'release' }], pinnedForm: 'https://pkg.opnsense.org/releases/<YY.M>/OPNsense-<YY.M>-nano-amd64.img.bz2', old: 'pruned' },
  { id: 'parrot', hosts: ['parrot.sh', 'parrotsec.org'], mirror: /\/parrot\/iso\//, habits: [{ path: /\/parrot-[a-z]+-\d+\.\d+_/, verdict: 'pinned', because: 'release' }], old: 'pruned' },
  { id: 'vanillaos', hosts: ['vanillaos.org'], old: 'pruned' },
  { id: 'cachyos', hosts: ['cachyos.org'], checksums: [OWN_SHA256], old: 'pruned' },
  { id: 'tails', hosts: ['tails.net', 'tails.boum.org'], mirror: /\/tails\/stable\//, old: 'pruned' },
  { id: 'turnkey', hosts: ['turnkeylinux.org'], mirror: /\/turnkeylinux\/images\//, habits: [{ path: /\/turnkey-[a-z\d-]+-\d+\.\d+-/, verdict: 'pinned', because: 'release' }], old: 'moved' },
  { id: 'proxmox', hosts: ['proxmox.com'], checksums: [SHA256SUMS] },
  { id: 'xcp-ng', hosts: ['xcp-ng.org'], checksums: [SHA256SUMS] },
  { id: 'linuxcontainers', hosts: ['images.linuxcontainers.org', 'images.lxd.canonical.com'], pinnedForm: 'https://images.linuxcontainers.org/images/<distribution>/<release>/<arch>/<variant>/<YYYYMMDD_HH:MM>/disk.qcow2', checksums: [SHA256SUMS], old: 'pruned' },
  ...RELEASE_MAKERS.map(({ path, ...maker }) => ({ ...maker, habits: [{ path, verdict: 'pinned' as const, because: 'release' as const }] })),
]
