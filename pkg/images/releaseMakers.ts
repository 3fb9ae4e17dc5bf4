/** A publisher of whom nothing else is known than that a file of this name is made once, for its release. */
export interface ReleaseMaker {
  readonly id: string
  /** Host names and parents of host names. */
  readonly hosts: readonly string[]
  /** Mirrors: matched on the lower-case path. */
  readonly mirror?: RegExp
  /** The lower-case path of such a file. */
  readonly path: RegExp
}

// A release number alone says little of a name that is nobody's known publisher: the image may be built again under it.
// Source: the publishers' own download pages, which keep the checksums of each release.
export const RELEASE_MAKERS: readonly ReleaseMaker[] = [
  { id: 'openeuler', hosts: ['openeuler.org'], mirror: /\/openeuler-\d\d\.\d\d-lts\//, path: /\/openeuler-\d\d\.\d\d-lts-/ },
  { id: 'pop-os', hosts: ['pop-os.org', 'system76.com'], mirror: /\/pop-os\/iso\//, path: /\/pop-os_\d\d\.\d\d_[a-z\d_]+_\d+\.iso$/ },
  { id: 'linux-mint', hosts: ['linuxmint.com'], mirror: /\/linuxmint\/(?:stable|iso)\//, path: /\/linuxmint-\d\d\.\d-[^/]*\.iso$/ },
  { id: 'springdale', hosts: ['springdale.princeton.edu', 'springdale.math.ias.edu'], path: /linux-\d\.\d+-[^/]*\.iso$/ },
  { id: 'circle', hosts: ['cclinux.org'], path: /\/circle-\d\.\d+-[^/]*\.iso$/ },
  { id: 'trisquel', hosts: ['trisquel.info'], path: /\/trisquel[a-z-]*_\d+\.\d+_[^/]*\.iso$/ },
  { id: 'clear-linux', hosts: ['clearlinux.org'], path: /\/clear-\d{3,6}-/ },
  { id: 'omnios', hosts: ['omnios.org'], path: /\/media\/r\d{6}\// },
  { id: '9front', hosts: ['9front.org'], path: /\/9front-\d{4,6}\./ },
  { id: 'puppy', hosts: ['puppylinux.com'], mirror: /\/puppylinux\//, path: /pup(?:64|32)?-\d+\.\d+[^/]*\.iso$/ },
  { id: 'deft', hosts: ['deftlinux.net'], mirror: /\/mirrors?\/deft\//, path: /\/deft-\d\.\d\.iso$/ },
]
