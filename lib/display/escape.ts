/** Text made safe for the two languages that displays speak: HTML, and plotly's HTML-like labels. */

const HTML_ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * The class of what MathJax, which JupyterLab runs over HTML, leaves alone: it would turn text between two dollar
 * signs into elements, links among them.
 */
export const NO_MATH = 'mathjax_ignore';

/** Escapes text for HTML, in elements and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => HTML_ENTITIES[character] ?? character);
}

/** XML 1.0, production 2. */
const NOT_IN_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/**
 * Escapes text for a plotly title, label or annotation, which would else read tags (`<b>`, `<a>`,
 * `<br>`), entities, and TeX between two dollar signs. A line break stays one; other characters that SVG
 * cannot hold (control characters, halves of a pair) become U+FFFD.
 */
export function escapePlotly(text: string): string {
  return text
    .replace(NOT_IN_XML, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/\$/g, '&#36;')
    .replace(/\r\n?|\n/g, '<br>');
}
