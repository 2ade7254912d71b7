import fs from 'node:fs';
import path from 'node:path';
import { choice, count, Misfit, oldFile, text } from '../command-line/kinds.mjs';
import { didYouMean, nearest } from '../command-line/nearest.mjs';
import { inRoot, root } from '../setup/paths.mjs';

const TEST = /\.(test|browser|shots)\.ts$/;

/** All files of tests, as paths from the root. */
const testFiles = () =>
  fs
    .readdirSync(inRoot('test'), { recursive: true })
    .filter((name) => TEST.test(name) && !name.startsWith('fixtures'))
    .map((name) => path.join('test', name));

/** As vitest filters: a part of the path, or the whole of it; a line may follow. */
function matches(file, given) {
  const word = given.replace(/:\d+$/, '');
  const place = path.relative(root, path.resolve(root, word));
  return [word, place].some(
    (part) => part !== '' && file.toLowerCase().includes(part.toLowerCase()),
  );
}

/** Folders and files with names like the one that is not there, or what its folder holds. */
function meantBy(given, files) {
  const rooms = [...new Set(files.map((file) => path.dirname(file)))];
  const nameOf = (file) => path.basename(file).replace(TEST, '');
  const near = nearest(nameOf(given), [...rooms, ...files].map(nameOf));
  const named = [...rooms, ...files].filter((file) => near.includes(nameOf(file)));
  if (named.length > 0) return didYouMean(named.slice(0, 3)).trim();
  let folder = path.dirname(path.normalize(given));
  if (!rooms.some((room) => room === folder || room.startsWith(folder + path.sep))) folder = 'test';
  const inside = files
    .filter((file) => file.startsWith(folder + path.sep))
    .map((file) => path.relative(folder, file).split(path.sep)[0]);
  return `${folder} has ${[...new Set(inside)].sort().join(', ')}.`;
}

/** @type {import('../command-line/kinds.mjs').Kind} */
const filter = {
  shown: 'PATH',
  expected: 'a folder or a file of tests, or a part of its path',
  read(given) {
    const files = testFiles();
    if (
      given !== '' &&
      (path.resolve(root, given) === root || files.some((file) => matches(file, given)))
    )
      return given;
    throw new Misfit(meantBy(given, files));
  },
};

export const inBrowser = (word) => path.normalize(word).includes(path.join('test', 'browser'));

function check(_values, words) {
  const count = words.filter(inBrowser).length;
  if (count === 0 || count === words.length) return null;
  return 'the tests of test/browser run by themselves: name them in a command of their own.';
}

const REPORTERS = ['default', 'verbose', 'dot', 'tree', 'json', 'junit', 'tap', 'github-actions'];

/** @type {import('../command-line/parse.mjs').Command} */
export const test = {
  name: 'test',
  run: 'npm test',
  summary:
    'Without arguments: set-up, then types, lint, format, all tests, and all notebooks in a browser. With some: these ' +
    'tests alone, by vitest.',
  options: {
    testNamePattern: {
      short: 't',
      kind: text('NAME'),
      also: ['name', 'grep', 'k', 'test-name-pattern'],
      help: 'only tests whose names match',
    },
    reporter: { kind: choice(REPORTERS), multiple: true, help: 'how results are told' },
    outputFile: { kind: text('FILE'), help: 'where a reporter writes' },
    bail: { kind: count(), help: 'stop after so many failures' },
    retry: { kind: count({ from: 0 }), help: 'run a failed test again' },
    testTimeout: { kind: count(), help: 'milliseconds for a test' },
    maxWorkers: { kind: count(), help: 'files at a time' },
    project: { kind: text('NAME'), help: 'shared, isolated or cuda' },
    exclude: { kind: text('GLOB'), multiple: true, help: 'files to leave out' },
    execArgv: {
      kind: text('OPTION'),
      multiple: true,
      help: 'an option of Node, as --execArgv=--expose-gc',
    },
    config: { short: 'c', kind: oldFile('a file of vitest’s settings'), help: "vitest's settings" },
    update: { short: 'u', help: 'update snapshots' },
    silent: { help: 'without what tests print' },
    logHeapUsage: { help: "each file's memory" },
    passWithNoTests: { help: 'no test is no failure' },
    'no-file-parallelism': { help: 'one file at a time' },
    'no-color': { help: 'without colours' },
  },
  words: {
    shown: 'PATH',
    kind: filter,
    help: 'folders or files of tests, or parts of their paths',
  },
  check,
  handOn: (name) => (name.includes('.') ? null : undefined),
  example: 'npm test -- test/nn -t conv2d',
  notes:
    'Without a set-up before: npx vitest run, which takes all options of vitest.\n' +
    "SDM_TEST_CUDA=1 also sets a fresh clone up with CUDA's wheels, as CI does: 3.4 GB are fetched, 14 GB of disk\n" +
    'used for two minutes. SDM_TEST_CUDA=0 does without.',
};
