declare module 'json-merge-patch' {
  const jsonMergePatch: {
    /** Applies an RFC 7386 patch; the target may be changed. */
    apply: (target: unknown, patch: unknown) => unknown
  }
  export default jsonMergePatch
}
