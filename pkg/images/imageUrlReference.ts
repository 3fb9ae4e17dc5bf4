import type { Address } from './imageUrlAddress.ts'
import type { AliasKind } from './imageUrlRules.ts'
import { aliasOf, hasNumber, identityOfName } from './imageUrlRules.ts'
import { namesSystem } from './imageUrlVersion.ts'

/** What a forge, a build server or a store of objects is asked for, by the shape of its addresses. */
export type Reference
  = | { readonly means: 'build', readonly build: string, readonly where: 'directory' | 'query' }
    | { readonly means: 'moving', readonly word: string, readonly kind: AliasKind, readonly where: 'directory' | 'query', readonly segment: string }
    | { readonly means: 'tag', readonly tag: string }
    /** A branch or a tag: nothing in the address says which. */
    | { readonly means: 'either', readonly name: string }

/** Which parameter names one version of an object, and where: other hosts do not look at it. Source: the stores' own API references. */
const OBJECT_VERSIONS: readonly { readonly host: RegExp, readonly parameters: readonly string[], readonly value: RegExp }[] = [
  { host: /(?:^|\.)s3[.-](?!website)(?:[a-z\d.-]+\.)?amazonaws\.com(?:\.cn)?$/, parameters: ['versionid'], value: /^(?!null$)./ },
  { host: /(?:^|\.)(?:oss-[a-z\d-]+\.aliyuncs\.com|cos\.[a-z\d-]+\.myqcloud\.com|s3\.[a-z\d.-]*(?:wasabisys|backblazeb2)\.com|your-objectstorage\.com)$/, parameters: ['versionid'], value: /^(?!null$)./ },
  // A host of somebody's own that is called after the protocol; its identifiers are long, or a UUID.
  { host: /^(?:[^.]+\.)?(?:s3|minio)(?!-website)(?:-[a-z\d-]+)?\./, parameters: ['versionid'], value: /^[\w.+/=-]{16,}$/ },
  { host: /(?:^|\.)storage\.googleapis\.com$/, parameters: ['generation'], value: /^\d+$/ },
  { host: /\.blob\.core\.windows\.net$/, parameters: ['versionid', 'snapshot'], value: /^20\d\d-\d\d-\d\dt/i },
]

/** Where forges give out one file of a repository, the commit being in the query: GitLab, Gitea, GitHub and Bitbucket, then cgit. */
const FILE_BY_API = /\/projects\/[^/]+\/repository\/files\/|\/repos\/[^/]+\/[^/]+\/(?:raw|media|contents)\//
const FILE_OF_A_REPOSITORY = new RegExp(`${FILE_BY_API.source}|\\/plain\\/`)
const COMMIT_PARAMETERS: readonly string[] = ['ref', 'at', 'h', 'id']
const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/
/** A commit may be cut short where a reference must stand. */
const SHORT_COMMIT = /^(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,64}$/

/** Parameters of a query that choose what a server gives out. */
const CHOOSING_PARAMETER = /^(?:branch(?:_?name)?|h|at|ref|ref_type|version|ver|versionid|channel|release|tag|build|track|stream)$/
/** Parameters that name the file where the path does not: only an alias in them says something, for nobody knows what the server makes of them. */
const FILE_PARAMETER = /^(?:file(?:name)?|path|name|image|url)$/

function ofQuery({ host, path, query, ending }: Address): Reference | undefined {
  for (const [name, value] of query) {
    if (OBJECT_VERSIONS.some(store => store.parameters.includes(name) && store.host.test(host) && store.value.test(value)))
      return { means: 'build', build: value, where: 'query' }
    const word = value.toLowerCase()
    if (COMMIT_PARAMETERS.includes(name) && COMMIT.test(word) && FILE_OF_A_REPOSITORY.test(path))
      return { means: 'build', build: value, where: 'query' }
    const moved = !ending && FILE_PARAMETER.test(name) ? word.split('/').map(aliasOf).find(found => found && found.kind !== 'weak') : undefined
    if (moved)
      return { means: 'moving', ...moved, where: 'query', segment: `${name}=${value}` }
    if (!CHOOSING_PARAMETER.test(name))
      continue
    const alias = aliasOf(word)
    if (alias?.word === word)
      return { means: 'moving', ...alias, where: 'query', segment: `${name}=${value}` }
    if (word.startsWith('refs/heads/') || (name === 'ref_type' && word === 'heads'))
      return { means: 'moving', word, kind: 'branch', where: 'query', segment: `${name}=${value}` }
    if (COMMIT_PARAMETERS.includes(name) && FILE_OF_A_REPOSITORY.test(path))
      return { means: 'either', name: word }
  }
  return undefined
}

/** The newest run of a job on a branch or tag, as GitLab serves it. */
const ARTIFACTS_OF_A_REFERENCE = /\/jobs\/artifacts\/([^/]+)\/(?:raw|download|browse)\//
/** What one run of a job left: GitLab's `/-/jobs/123/artifacts/`, Jenkins' `/job/name/123/artifact/`. */
const ARTIFACTS_OF_A_RUN = /\/(?:jobs\/|job\/[^/]+\/)(\d+)\/artifacts?\/|\/app\/rest\/builds\/id:(\d+)\/artifacts\/|\/actions\/runs\/(\d+)\//
/** TeamCity's newest build that fits a description, and Nexus' first file that a search finds. */
const FOUND_BY_SEARCH = /\/app\/rest\/builds\/([^/]+)\/artifacts\/|\/service\/rest\/v1\/(search)\/assets\/download$/
const BRANCH = /\/(?:refs\/heads|(?:raw|media|blob|src)\/branch)\/([^/]+)\//
const TAG = /\/(?:refs\/tags|(?:raw|media)\/tag|releases\/download)\/([^/]+)\//
const REFERENCE = /\/-\/(?:raw|blob)\/([^/]+)\/|\/(?:raw|media)\/commit\/([^/]+)\//
interface Forge { readonly path: RegExp, readonly branch?: RegExp }
const FIRST_BRANCH = /^(?:main|master)$/
const REPOSITORY: Forge = { path: /^\/[^/]+\/[^/]+\/(?:raw|blob)\/([^/]+)\// }
const MODELS: Forge = { path: /\/resolve\/([^/]+)\//, branch: FIRST_BRANCH }
/** The same where only the host tells that it is a forge. Where `branch` is named, what is released moves with it; elsewhere a finished file may well lie on a branch. */
const FORGES: ReadonlyMap<string, Forge> = new Map([
  ['github.com', REPOSITORY], ['www.github.com', REPOSITORY], ['bitbucket.org', REPOSITORY], ['www.bitbucket.org', REPOSITORY],
  ['raw.githubusercontent.com', { path: /^\/[^/]+\/[^/]+\/([^/]+)\//, branch: FIRST_BRANCH }],
  ['media.githubusercontent.com', { path: /^\/media\/[^/]+\/[^/]+\/([^/]+)\//, branch: FIRST_BRANCH }],
  ['huggingface.co', MODELS], ['hf.co', MODELS], ['modelscope.cn', MODELS], ['www.modelscope.cn', MODELS],
  ['nightly.link', { path: /\/workflows\/[^/]+\/([^/]+)\//, branch: /./ }],
])
/** Most paths are no forge's: this says so at once. */
const ANY_SHAPE = /\/(?:artifacts?|refs|branch|tag|releases\/download|-|commit|raw|blob|resolve|files|media|contents|assets|runs)\//

function inDirectory(word: string, kind: AliasKind): Reference {
  return { means: 'moving', word, kind, where: 'directory', segment: word }
}

function ofPath({ host, path }: Address): Reference | undefined {
  const forge = FORGES.get(host)
  if (!forge && !ANY_SHAPE.test(path))
    return undefined
  const job = ARTIFACTS_OF_A_REFERENCE.exec(path)?.[1]
  if (job)
    return inDirectory(job, 'pointer')
  const run = ARTIFACTS_OF_A_RUN.exec(path)?.slice(1).find(Boolean)
  if (run)
    return { means: 'build', build: run, where: 'directory' }
  const search = FOUND_BY_SEARCH.exec(path)?.slice(1).find(Boolean)
  if (search)
    return inDirectory(search, 'pointer')
  const branch = BRANCH.exec(path)?.[1]
  if (branch)
    return inDirectory(branch, 'branch')
  const tag = TAG.exec(path)?.[1]
  if (tag)
    return { means: 'tag', tag }
  // Without a reference they give out the head of the first branch.
  if (FILE_BY_API.test(path))
    return { means: 'either', name: 'head' }
  const found = REFERENCE.exec(path)
  const name = found?.[1] ?? found?.[2] ?? forge?.path.exec(path)?.[1]
  if (!name)
    return undefined
  if (SHORT_COMMIT.test(name) || COMMIT.test(name))
    return { means: 'build', build: name, where: 'directory' }
  return forge?.branch?.test(name) ? inDirectory(name, 'branch') : { means: 'either', name }
}

/** What the address asks a forge, a build server or a store for; undefined where it has none of their shapes. */
export function referenceOf(address: Address): Reference | undefined {
  return (address.query.size ? ofQuery(address) : undefined) ?? ofPath(address)
}

/** Tags that are moved with each build. */
const ROLLING_TAG = /^(?:alpha|beta|rc|ci|cd|test|tests|auto|(?:auto)?builds?)$/

/** Running numbers, and numbers of two parts: `build-412`, `b1234`, `v23.11`, `haos-14.2`. */
const NUMBERED_TAG = /^(?:[a-z]{1,16}[-_])?(?:r|b|build|rev|release)?[-_.]?\d{2,}$|^[a-z_-]{0,24}\d{1,4}\.\d{1,4}[a-z]?$/
/** Ubuntu's numbers alone: a release of the system, and not of the project. */
const UBUNTU_RELEASE = /^\d\d\.(?:04|10)$/

/** What becomes of a tag: `rolling` moves with each build, `numbered` is one release, `unnumbered` may be either: a bare `v1` and a system's `debian-12` are moved as often as not. */
export function standingOfTag(tag: string): 'rolling' | 'numbered' | 'unnumbered' {
  const { identity } = identityOfName(tag)
  const alias = aliasOf(tag)
  if (ROLLING_TAG.test(tag) || (alias && (alias.word === tag || !hasNumber(tag) || alias.kind === 'pointer')))
    return 'rolling'
  if (identity === 'build' || (identity === 'version' && (!alias || alias.kind === 'weak')))
    return 'numbered'
  return !alias && !namesSystem(tag) && !UBUNTU_RELEASE.test(tag) && NUMBERED_TAG.test(tag) ? 'numbered' : 'unnumbered'
}
