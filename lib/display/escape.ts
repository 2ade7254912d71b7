/** Text made safe for the two languages that displays speak: HTML, and plotly's HTML-like labels. */

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes text for HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ENTITIES[character] ?? character);
}

/**
 * Escapes text for a plotly title, label or annotation, which would else read tags (`<b>`, `<a>`,
 * `<br>`), entities, and TeX between two dollar signs. A line break stays one.
 */
export function escapePlotly(text: string): string {
  return text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/\$/g, '&#36;')
    .replace(/\r\n?|\n/g, '<br>');
}

/** JSON for a script inside HTML: no text in it can end the script. */
export function jsonForScript(value: unknown): string {
  return JSON.stringify(value).replace(/</g, '\\u003c');
}
