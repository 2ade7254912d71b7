/** Text made safe for the two languages that displays speak: HTML, and plotly's HTML-like labels; and not too long. */

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

/** Characters of a text that tables and bars show; longer ones end in an ellipsis. */
export const LONGEST_TEXT = 1000;

/** The same in figures, whose titles and labels need room. */
export const LONGEST_LABEL = 200;

/** The text's beginning and an ellipsis, if it is longer than so many UTF-16 units; no pair is cut in half. */
export function shortened(text: string, longest = LONGEST_TEXT): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/** XML 1.0, production 2. */
const NOT_IN_XML = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/**
 * Escapes text for a plotly title, label or annotation, which would else read tags (`<b>`, `<a>`,
 * `<br>`), entities, and TeX between two dollar signs. A line break stays one; other characters that SVG
 * cannot hold (control characters, halves of a pair) become U+FFFD. Shortened to `LONGEST_LABEL`.
 */
export function escapePlotly(text: string): string {
  return shortened(text, LONGEST_LABEL)
    .replace(NOT_IN_XML, '\ufffd')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/\$/g, '&#36;')
    .replace(/\r\n?|\n/g, '<br>');
}
