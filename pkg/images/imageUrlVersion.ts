// Whose version it is that stands in a name: the image's own, that of the system in it, or that of a part which was put in.
// An image is built again with the same system and the same parts, so that only the first of them tells two builds apart.

/** Operating systems that anybody makes images of, with their release number: `ubuntu-22.04`, `debian12`, `win2022`, `el9`. */
const SYSTEM = /(?<![a-z])(?:(?:ubuntu|debian|centos|rhel|red-?hat|rocky|alma|fedora|opensuse|suse|leap|sles?|oracle|amazon|alpine|windows|win)(?:[-_. ]?(?:linux|enterprise|stream|leap|server|desktop|cloud|minimal|live|core))?[-_. ]?|(?:el|ol|al|amzn))v?(\d{1,4}(?:\.\d{1,2})?)/

/** What is put into an image, when a version stands behind it. At the beginning of a name it is the product itself. Whatever else follows a system's release is a part too, see `ownerOfVersion`. */
const PART = /(?<=[-_.~+ ])(?:k8s|kube(?:rnetes|adm|let)?|k3s|k0s|rke2?|microk8s|docker|containerd|cri-?o|podman|nvidia|cuda|cudnn|rocm|kernel|python|node(?:js)?|(?:open)?jdk|postgres(?:ql)?)[-_. ]?v?\d[\w.+~]*/g
const ANY_PART = new RegExp(PART.source)

/** Words between a system's release and a version that leave the version the image's own. */
const EDITIONS = new Set([
  'server', 'desktop', 'base', 'minimal', 'golden', 'image', 'img', 'template', 'tpl', 'vm', 'disk', 'cloud', 'cloudimg', 'genericcloud', 'generic', 'standard', 'std', 'core', 'full', 'live',
  'lts', 'amd', 'x', 'arm', 'aarch', 'bios', 'uefi', 'efi', 'kvm', 'qemu', 'openstack', 'azure', 'gcp', 'aws', 'v', 'r', 'ver', 'version', 'release', 'build', 'rev', 'stream', 'stable', 'custom', 'hardened', 'cis', 'std', 'en', 'us',
  'xenial', 'bionic', 'focal', 'jammy', 'noble', 'stretch', 'buster', 'bullseye', 'bookworm', 'trixie',
])

/** `own`: of the image or its product. `system`: of the operating system, so that an installer of it is made once. `part`: of something in it. */
export type VersionOwner = 'own' | 'system' | 'part'

/** The name without what is known to be a part's version; undefined where there is none. Lower-case, as all here. */
export function withoutParts(name: string): string | undefined {
  return ANY_PART.test(name) ? name.replace(PART, '~') : undefined
}

/** Whether the name says a release of an operating system. */
export function namesSystem(name: string): boolean {
  return SYSTEM.test(name)
}

/** To whom a version belongs that was found in a lower-case name: what stands between a system's release and a later version decides. */
export function ownerOfVersion(name: string, version: string): VersionOwner {
  const system = SYSTEM.exec(name)
  if (!system)
    return 'own'
  const release = system[1] ?? ''
  const end = system.index + system[0].length
  const at = name.indexOf(version)
  const bare = version.replace(/^v/, '')
  // `22.04.3` in `ubuntu-22.04.3`, `22.04-20` in `ubuntu-22.04-20`, `12.7.0` in `debian-12-12.7.0`; but `39-1.5` is a compose of Fedora.
  if (at + version.length > end - release.length && (bare.startsWith(`${release}.`) || (release.includes('.') && bare.startsWith(`${release}-`))))
    return 'system'
  if (at < end)
    return 'own'
  return (name.slice(end, at).match(/[a-z]+/g) ?? []).every(word => EDITIONS.has(word)) ? 'own' : 'part'
}
