import { yaml } from '@codemirror/lang-yaml'
import { foldGutter, HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { tags } from '@lezer/highlight'
import { minimalSetup } from 'codemirror'
import { stringify } from 'yaml'

export interface YamlEditor {
  /** Replaces the text where it differs. */
  readonly show: (text: string) => void
  readonly close: () => void
}

export interface YamlEditorOptions {
  readonly text: string
  /** For a screen reader. */
  readonly label: string
  readonly editable: boolean
  readonly changed: (text: string) => void
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.definition(tags.propertyName), tags.propertyName], color: 'var(--accent)' },
  { tag: [tags.string, tags.content], color: 'var(--text)' },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: 'var(--tone-attention)' },
  { tag: [tags.comment, tags.meta, tags.punctuation, tags.separator], color: 'var(--text-quiet)' },
])

const LOOK = EditorView.theme({
  '&': { 'color': 'var(--text)', 'background': 'var(--surface)', 'max-height': 'var(--yaml-height, 60vh)' },
  '&.cm-focused': { 'outline': '2px solid var(--accent)', 'outline-offset': '-2px' },
  '.cm-scroller': { font: '12.5px/18px var(--mono)', overflow: 'auto' },
  '.cm-content': { 'caret-color': 'var(--text)' },
  '.cm-gutters': { color: 'var(--text-quiet)', background: 'var(--sunken)', border: '0' },
  '.cm-cursor': { 'border-left-color': 'var(--text)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { background: 'color-mix(in srgb, var(--accent) 30%, transparent) !important' },
})

/** An object as `kubectl get -o yaml` would print it: managed fields left out, nothing folded, no anchors. */
export function toYaml(object: unknown): string {
  const readable = JSON.parse(JSON.stringify(object)) as { metadata?: { managedFields?: unknown } }
  delete readable.metadata?.managedFields
  return stringify(readable, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd()
}

/**
 * A CodeMirror in a shadow root of `place`: there it brings its rules as a constructed style sheet,
 * which `style-src 'self'` allows; in the document it would write a `<style>` element, which it does not.
 */
export function createYamlEditor(place: HTMLElement, { text, label, editable, changed }: YamlEditorOptions): YamlEditor {
  const root = place.shadowRoot ?? place.attachShadow({ mode: 'open' })
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        minimalSetup, lineNumbers(), foldGutter(), yaml(), syntaxHighlighting(COLOURS), LOOK,
        EditorState.readOnly.of(!editable),
        EditorView.editable.of(editable),
        EditorView.contentAttributes.of({ 'aria-label': label, 'tabindex': '0', 'aria-readonly': String(!editable) }),
        EditorView.updateListener.of(update => { if (update.docChanged && editable) changed(update.state.doc.toString()) }),
      ],
    }),
  })
  return {
    show: next => {
      if (view.state.doc.toString() !== next)
        view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: next } })
    },
    close: () => view.destroy(),
  }
}
