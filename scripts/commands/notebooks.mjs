import fs from 'node:fs';
import path from 'node:path';
import { Misfit, newFolder, number } from '../command-line/kinds.mjs';
import { didYouMean, nearest } from '../command-line/nearest.mjs';
import { notebooks as folder } from '../setup/paths.mjs';

export const notebookNames = () =>
  fs
    .readdirSync(folder)
    .filter((name) => name.endsWith('.ipynb'))
    .map((name) => path.basename(name, '.ipynb'))
    .sort();

/** A path, or a name in notebooks/; read as an absolute path. @type {import('../command-line/kinds.mjs').Kind} */
export const notebook = {
  shown: 'NOTEBOOK',
  expected: 'a path, or a name in notebooks/ such as 04-train',
  read(given) {
    const places = [given, path.join(folder, given), path.join(folder, `${given}.ipynb`)];
    const found = places.find((place) => fs.statSync(place, { throwIfNoEntry: false })?.isFile());
    if (given !== '' && found?.endsWith('.ipynb')) return path.resolve(found);
    if (given !== '' && found !== undefined) throw new Misfit('That file is no notebook.');
    const names = notebookNames();
    const word = path.basename(given, '.ipynb');
    const meant = nearest(word, names, 1);
    if (meant.length === 0) meant.push(...names.filter((name) => name.split('-').includes(word)));
    throw new Misfit(
      meant.length > 0 ? didYouMean(meant).trim() : `There are ${names.join(', ')}.`,
    );
  },
};

/** @type {import('../command-line/kinds.mjs').Kind} */
const parameter = {
  shown: 'NAME VALUE',
  expected: 'the NAME of a variable and its VALUE, in JSON or else a text',
  read(given) {
    const [, name, value] = /^([A-Za-z_$][\w$]*)=(.*)$/s.exec(given) ?? [];
    return name === undefined ? undefined : [name, value];
  },
};

/** @type {import('../command-line/parse.mjs').Command} */
export const notebooks = {
  name: 'notebooks',
  run: 'npm run notebooks',
  summary:
    'Runs notebooks headless, in order, each in a kernel of its own. Copies and HTML go to --output.',
  options: {
    parameter: {
      short: 'p',
      kind: parameter,
      pair: true,
      multiple: true,
      keyOf: ([name]) => name,
      help: "sets a variable of the cell tagged 'parameters'; VALUE is JSON or else a text",
    },
    timeout: {
      kind: number({ above: 0, shown: 'SECONDS' }),
      byDefault: 'any',
      help: 'seconds that a cell may take',
    },
    'in-place': {
      help: 'also write the outputs into the notebooks themselves, each if it passes',
    },
    output: { kind: newFolder, byDefault: 'runs/notebooks', help: 'where the copies go' },
    'no-html': { help: 'write no HTML' },
  },
  words: {
    shown: 'NOTEBOOK',
    kind: notebook,
    help: 'paths, or names in notebooks/ such as 04-train (default: all)',
  },
  check: (values) =>
    values['in-place'] && values.parameter.length > 0
      ? '--in-place stores the notebooks as they are: set the values in it instead of by -p.'
      : null,
  example: 'npm run notebooks -- 04-train 05-sample -p preset smoke --no-html',
};
