/** The operating systems that Harvester's console knows an icon for. Source: harvester-ui-extension mixins/harvester-vm/index.js. */
export const OS_TYPES = ['windows', 'linux', 'debian', 'fedora', 'gentoo', 'mandriva', 'oracle', 'redhat', 'openSUSE', 'turbolinux', 'ubuntu', 'xandros', 'otherLinux'] as const

const MARKS: readonly (readonly [mark: RegExp, os: typeof OS_TYPES[number]])[] = [
  [/ubuntu|(?:^|[\W_])(?:focal|jammy|noble|plucky|questing|resolute)(?:$|[\W_])/i, 'ubuntu'],
  [/debian|(?:^|[\W_])(?:bullseye|bookworm|trixie|forky)(?:$|[\W_])/i, 'debian'],
  [/fedora/i, 'fedora'],
  [/opensuse|tumbleweed|leap/i, 'openSUSE'],
  [/gentoo/i, 'gentoo'],
  [/oracle|(?:^|[\W_])ol[789]u/i, 'oracle'],
  [/rhel|red-?hat/i, 'redhat'],
  [/windows|virtio-win|(?:^|[\W_])win(?:10|11|20\d\d)/i, 'windows'],
  [/alma(?:linux|-)|rocky|centos|alpine|arch-?linux|flatcar|suse|linuxmint|nixos|cirros|amzn/i, 'otherLinux'],
  [/(?:^|[\W_])(?:alma|arch|kali|mint|sles?|talos)(?:$|[\W_\d])/i, 'otherLinux'],
  [/linux/i, 'linux'],
]

/** Whether a text can be the value of a label; the empty one can (apimachinery pkg/util/validation, `IsValidLabelValue`). */
export function isLabelValue(text: string): boolean {
  return /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/.test(text)
}

/** The file name first, for a mirror may serve anything; then the whole link. */
function partsOf(source: string): string[] {
  const path = source.trim().replace(/[?#].*$/, '')
  return [path.split('/').at(-1) ?? '', path]
}

/** Which system an image holds, by the name of its file and then the whole link; empty where neither says. A suggestion: people may write another. */
export function suggestOsType(source: string): string {
  for (const part of partsOf(source)) {
    const found = MARKS.find(([mark]) => mark.test(part))
    if (found)
      return found[1]
  }
  return ''
}

export type ImageType = 'iso' | 'raw_qcow2'

/** What Harvester's console writes as the image's type: by the ending of the file. */
export function suggestImageType(source: string): ImageType {
  return /\.iso$/i.test(partsOf(source)[0] ?? '') ? 'iso' : 'raw_qcow2'
}
