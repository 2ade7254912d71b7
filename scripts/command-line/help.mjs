// A command's help, made of its table of options.
import { commandLine } from './parse.mjs';

const WIDTH = 100;
const INDENT = 2;

/** Words in lines of a width, later ones indented. */
function wrapped(text, indent) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== '' && indent + line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines.join(`\n${' '.repeat(indent)}`);
}

/** `--steps N` @param {import('./parse.mjs').Option} option */
function label(name, { kind, short, pair }) {
  const value = pair ? ' NAME VALUE' : kind ? ` ${kind.shown}` : '';
  return `${short ? `-${short}, ` : ''}--${name}${value}`;
}

function defaultOf({ default: value, byDefault, kind, multiple }) {
  if (byDefault !== undefined) return ` (default: ${byDefault})`;
  if (multiple) return ' (can be repeated)';
  if (!kind || value === undefined) return '';
  return ` (default: ${Array.isArray(value) ? value.join(',') : value})`;
}

/** `: ddpm, ddim …`, where the text does not name them itself. */
function namesOf({ kind, help }) {
  const names = kind?.names;
  if (names === undefined || names.every((name) => help.includes(name))) return '';
  return `: ${names.join(', ')}`;
}

/** @param {import('./parse.mjs').Command} command */
export function helpOf(command) {
  const { options, words, summary, example, notes } = command;
  const rows = Object.entries(options).map(([name, option]) => [
    label(name, option),
    `${option.help}${namesOf(option)}${defaultOf(option)}`,
  ]);
  if (words !== undefined) rows.unshift([words.shown, words.help]);
  rows.push(['-h, --help', 'this text']);
  const column = Math.max(...rows.map(([left]) => left.length)) + 2 * INDENT;
  const table = rows.map(
    ([left, right]) =>
      `${' '.repeat(INDENT)}${left.padEnd(column - INDENT)}${wrapped(right, column)}`,
  );
  const many = words !== undefined && (words.most ?? Infinity) > 1 ? ' …' : '';
  const word =
    words === undefined ? '' : words.least ? `${words.shown} ` : `[${words.shown}${many}] `;
  return [
    commandLine(command, `${word}[options]`),
    `  ${wrapped(summary, INDENT)}`,
    '',
    ...table,
    '',
    `For example: ${example}`,
    ...(notes ? [notes] : []),
  ].join('\n');
}
