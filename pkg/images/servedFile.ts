import type { ImageBackend } from './image.ts'
import type { Hop, ServedFile } from './probe.ts'
import type { UploadObstacle } from './uploadPlan.ts'
import { judgeFormat, judgeSize } from './uploadPlan.ts'

/** What speaks against an import of what a URL serves. `bad`: it would fail; `attention`: it would be worth less than it seems; `unknown`: nobody can tell. */
export type ServedFinding
  = | { readonly tone: 'bad', readonly code: 'head-refused' | 'no-image' }
    | { readonly tone: 'bad', readonly code: 'obstacle', readonly obstacle: UploadObstacle }
    | { readonly tone: 'attention', readonly code: 'no-size' }
    | { readonly tone: 'attention', readonly code: 'head-size', readonly head: number, readonly size: number }
    | { readonly tone: 'unknown', readonly code: 'no-mark' }
    | { readonly tone: 'attention', readonly code: 'downgraded', readonly host: string }

/**
 * Judges what a URL serves for a backend, what would fail first; empty when nothing speaks against it. A file from a URL meets
 * the same rules as one from this computer. Harvester asks for the size with HEAD and takes nothing else for an answer
 * (harvester pkg/image/common/operator.go CheckURLAndUpdate).
 */
export function judgeServed({ format, size, headSize, headRefused }: ServedFile, hops: readonly Hop[], backend: ImageBackend): readonly ServedFinding[] {
  const obstacle = format.kind === 'text' ? undefined : judgeFormat(format, backend) ?? (size === undefined ? undefined : judgeSize(size, backend))
  const open = hops.find(({ downgraded }) => downgraded)
  const findings: (ServedFinding | false | undefined)[] = [
    headRefused && { tone: 'bad', code: 'head-refused' },
    format.kind === 'text' && { tone: 'bad', code: 'no-image' },
    obstacle && { tone: 'bad', code: 'obstacle', obstacle },
    size === undefined && !headRefused && { tone: 'attention', code: 'no-size' },
    size !== undefined && headSize !== undefined && { tone: 'attention', code: 'head-size', head: headSize, size },
    open && { tone: 'attention', code: 'downgraded', host: new URL(open.url).host },
    format.kind === 'unknown' && { tone: 'unknown', code: 'no-mark' },
  ]
  return findings.filter(finding => finding !== undefined && finding !== false)
}
