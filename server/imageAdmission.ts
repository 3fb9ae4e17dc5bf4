import { MUTABLE_ACKNOWLEDGED_ANNOTATION } from '#images/image.ts'
import type { ImageFinding, ImageFindingCode, ImageWorld } from '#images/imageFindings.ts'
import { findInImage, imageFactsOf } from '#images/imageFindings.ts'
import { readImage, refuse } from './admissionReview.ts'
import type { AdmissionAnswer, AdmissionRequest, Refusal } from './admissionReview.ts'
import { sentenceOf, warningOf } from './imageSentences.ts'

/** As whom Harvester's controllers and its API's own actions create (harvester deploy/charts/harvester/templates/rbac.yaml). */
const HARVESTER = 'system:serviceaccount:harvester-system:harvester'
const IMAGES = 'virtualmachineimages.harvesterhci.io'

/** What the operator of the cluster wants refused; everything else is warned of. */
export interface AdmissionPolicy {
  readonly refuse: ReadonlySet<ImageFindingCode>
  /** Whether what Harvester itself creates is refused too; half-made exports and restores may be the price. */
  readonly refuseHarvester: boolean
  /** Accounts that are refused nothing and warned of everything. */
  readonly warnOnly: ReadonlySet<string>
}

/** The answer to a review, and by what it was found. */
export interface Admission extends AdmissionAnswer { readonly findings: readonly ImageFindingCode[] }

/** Judges the creation of an image; anything else, and what cannot be judged, is let through without a word. */
export function admitImage({ operation, resource, namespace, user, object }: AdmissionRequest, world: ImageWorld, policy: AdmissionPolicy): Admission {
  const image = operation === 'CREATE' && resource === IMAGES ? readImage(object, namespace) : undefined
  if (!image)
    return { findings: [], warnings: [] }
  const found = findInImage(imageFactsOf(image, world.classes), world)
  const exempt = policy.warnOnly.has(user.name) || (user.name === HARVESTER && !policy.refuseHarvester)
  const refused = exempt ? [] : found.filter(({ code }) => policy.refuse.has(code))
  return {
    findings: found.map(({ code }) => code),
    warnings: found.filter(finding => !refused.includes(finding)).map(finding => warningOf(sentenceOf(finding))),
    ...(refused.length > 0 && { refusal: refusalOf(refused, image.metadata.name ?? '', policy) }),
  }
}

function refusalOf(refused: readonly ImageFinding[], name: string, { refuse: codes }: AdmissionPolicy): Refusal {
  const sentences = refused.map(finding => {
    const { field, text } = sentenceOf(finding)
    const wayOut = finding.code === 'mutable-url' && !codes.has('acknowledged-mutable-url')
      ? ` Who wants it all the same says so in annotation ${MUTABLE_ACKNOWLEDGED_ANNOTATION}: '{"who": "<name>", "when": "<RFC 3339 time>"}'.`
      : ''
    return { field, text: text + wayOut }
  })
  const message = `this cluster refuses such images: ${sentences.map(({ field, text }) => `${field}: ${text}`).join(' ')}`
  return refuse(422, message, { group: 'harvesterhci.io', kind: 'VirtualMachineImage', name }, sentences)
}
