// What was meant by an option or a word that a command does not know.
import { didYouMean, isSameName, nearest } from './nearest.mjs';

/** What a word may have been meant as that stands where none is taken. */
export function meantByWord(word, { name: command, options }) {
  const [name, rest = ''] = word.split(/(?==)/, 2);
  const dashed = /^[–—−]+(.*)$/.exec(name); // what text editors make of two hyphens
  if (dashed !== null) {
    const near = nearest(dashed[1], Object.keys(options), 1);
    return ` Options begin with two hyphens.${didYouMean(near.map((found) => `--${found}`))}`;
  }
  if (/^--./.test(word)) return ' It stands behind a second --: leave that out.';
  for (const [option, { kind }] of Object.entries(options)) {
    if (kind?.names?.includes(word)) return didYouMean([`--${option} ${word}`]);
  }
  if (Object.hasOwn(options, name)) return didYouMean([`--${name}${rest}`]);
  const folder = Object.entries(options).find(([, { kind }]) => kind?.shown === 'FOLDER');
  if (folder !== undefined && /[/.\\]/.test(word)) return didYouMean([`--${folder[0]} ${word}`]);
  return ` ${command} takes ${Object.keys(options).length > 0 ? 'options only' : 'no arguments'}.`;
}

/** An option that is called so elsewhere: `--max-steps` for `--steps`. */
function knownElsewhere(name, options) {
  for (const [option, { also = {} }] of Object.entries(options)) {
    const others = Array.isArray(also) ? also : Object.keys(also);
    const other = others.find((one) => isSameName(one, name));
    if (other !== undefined) return Array.isArray(also) ? `--${option}` : also[other];
  }
  return undefined;
}

/** What may have been meant by an option that there is not. @param {import('./parse.mjs').Command} command */
export function meantByOption(command, name, value, elsewhere) {
  const { options } = command;
  const names = Object.keys(options);
  const shown = (found) => didYouMean(found.map((one) => `--${one}`));
  const near = nearest(name, [...names, 'help']);
  const [, negated] = /^no-?(.+)$/i.exec(name) ?? [];
  const positive = negated === undefined ? [] : nearest(negated, names, 1);
  if (positive.length > 0 && !near.some((one) => one.startsWith('no-'))) {
    return ` Leave --${positive[0]} out instead.`;
  }
  const known = knownElsewhere(name, options);
  if (known !== undefined) return didYouMean([known]);
  if (near.length > 0) return shown(near);
  if (name.length === 1) {
    const begun = names.filter((one) => one.startsWith(name));
    if (begun.length > 0) return shown(begun);
  }
  const pair = names.find((one) => options[one].pair);
  if (pair !== undefined && value !== undefined) return didYouMean([`--${pair} ${name} ${value}`]);
  const other = elsewhere.find((one) => Object.hasOwn(one.options, name));
  if (other !== undefined) return ` It is one of ${other.run}.`;
  return ` Known: ${[...names, 'help'].map((one) => `--${one}`).join(', ')}.`;
}
