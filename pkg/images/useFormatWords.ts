import { formatBytes } from '#sdk/bytes.ts'
import { useI18n } from '#sdk/i18n.ts'
import type { ImageFormat } from './imageFormat.ts'

const NAMES: Readonly<Partial<Record<ImageFormat['kind'], string>>> = { qcow1: 'qcow', vmdk: 'VMDK', vhd: 'VHD', vhdx: 'VHDX', vdi: 'VDI', tar: 'tar' }

/** What a file is by its first bytes, in the reader's words. Call in setup. */
export function useFormatWords() {
  const { t, locale } = useI18n()

  function nameOf(format: ImageFormat): string {
    switch (format.kind) {
      case 'qcow2': return t('images.format.qcow2', { version: format.version })
      case 'raw': return t('images.format.raw', { layout: format.layout.toUpperCase() })
      case 'iso': return t(format.label ? 'images.format.isoNamed' : 'images.format.iso', { label: format.label })
      case 'compressed': return t('images.format.compressed', { by: format.by })
      case 'text': return t(format.html ? 'images.format.page' : 'images.format.text')
      case 'other': return t(`images.format.other.${format.what}`)
      case 'empty': case 'unknown': return t(`images.format.${format.kind}`)
      default: return NAMES[format.kind] ?? format.kind
    }
  }

  /** The size of the disk that a guest sees, where the file says one. */
  function diskOf(format: ImageFormat): string | undefined {
    return 'virtualSize' in format && format.virtualSize ? t('images.format.disk', { size: formatBytes(format.virtualSize, locale.value) }) : undefined
  }

  return { formatWords: (format: ImageFormat) => [nameOf(format), diskOf(format)].filter(Boolean).join(' · ') }
}
