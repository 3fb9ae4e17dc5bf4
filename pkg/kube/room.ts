/**
 * Bytes of a text that is kept as an annotation. All annotations of an object have room for 262,144 together, names included
 * (apimachinery pkg/api/validation/objectmeta.go, `TotalAnnotationSizeLimitB`); what Harvester, KubeVirt and this console keep there fits beside it.
 */
export const LONGEST_ANNOTATION = 200_000

/** Bytes that all values of a Secret have room for together (kubernetes pkg/apis/core/types.go, `MaxSecretSize`). */
export const LARGEST_SECRET = 1_048_576

/** Gibibytes that no quantity of bytes can be counted to: 2⁶³ bytes (apimachinery pkg/api/resource, which counts in int64). */
export const TOO_MANY_GIB = 2 ** 33

/** How many bytes a text has in UTF-8. */
export function bytesOf(text: string): number {
  return new TextEncoder().encode(text).length
}
