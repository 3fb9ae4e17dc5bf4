import { formatExactBytes } from '#sdk/bytes.ts'
import { useI18n } from '#sdk/i18n.ts'
import type { UploadObstacle } from './uploadPlan.ts'

/** What stands in the way of a file, and what to do about it, in the reader's words. Call in setup. */
export function useObstacleWords() {
  const { t, locale } = useI18n()

  function obstacleWords(obstacle: UploadObstacle): string {
    if (obstacle.code === 'not-in-sectors')
      return t('images.upload.obstacle.not-in-sectors', { size: formatExactBytes(obstacle.size, locale.value), over: obstacle.over })
    if (obstacle.code === 'checksum-differs')
      return t('images.upload.obstacle.checksum-differs', { ...obstacle, algorithm: t(`images.upload.algorithm.${obstacle.algorithm}`) })
    if (obstacle.code === 'no-disk')
      return t('images.upload.obstacle.no-disk', { what: t(`images.format.other.${obstacle.what}`) })
    return t(`images.upload.obstacle.${obstacle.code}`, { ...obstacle })
  }

  return { obstacleWords }
}
