'use strict';
// Lines of Python in a cell, whose author knows PyTorch: what is written in their place. TypeScript's own words about
// them ("'=' expected") help nobody.

/** From what a line is, without its strings, to what is written here. The first that fits. */
const lines = [
  [/^#/, 'a comment begins with //'],
  [
    /^from\s+[\w.]+\s+import\b/,
    "import { name } from 'package', or import * as sd from 'stable-diffusion-mnist/notebook'",
  ],
  [
    /^import\s+[\w.]+(\s+as\s+\w+)?(\s*,\s*[\w.]+)*;?$/,
    "import * as name from 'package', as in import * as sd from 'stable-diffusion-mnist/notebook'",
  ],
  [/^(async\s+)?def\s+\w+\s*\(/, 'function name(x: number) { return x; }'],
  [/^class\s+\w+\s*(\(.*\))?\s*:/, 'class Name extends Base { … }'],
  [/^for\s+.+\s+in\s+.+:/, 'for (const x of xs) { … }'],
  [/^(if|elif|while|else|with|try|except|finally)\b.*:(\s*#.*)?$/, 'if (x) { … } else { … }: blocks stand in braces'],
  [/[[({].*\bfor\s+\w+(\s*,\s*\w+)*\s+in\b/, 'xs.map((x) => …), and xs.filter((x) => …)'],
  [/\blambda\b/, '(x) => …'],
  [/\S(?<!\belse)\s+if\s+[^{};]+\selse\s/, 'condition ? a : b'],
  [/(^|[\s=(,])[fF]''/, 'a text with values stands in backticks, `loss ${loss}`'],
  [/\b(is\s+not|is)\s+None\b/, 'x === null, or x === undefined'],
  [/\bnot\s+\w/, '!x'],
  [/\w\s+(and|or)\s+\w/, 'a && b, a || b'],
  [/^(raise)\s+\w/, "throw new Error('…')"],
  [/^(pass|del\s+\w+)$/, 'nothing: an empty block is { }, and values go by themselves'],
  [/^assert\s/, 'import assert from \'node:assert\', then assert(condition)'],
].map(([pattern, here]) => ({ pattern, here })); // prettier-ignore

/** Each text without what it says, so that words within it are none of the line's. */
const withoutTexts = (line) =>
  line.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''");

/** What to write in the place of a line that does not parse, or undefined where it is no Python. */
function pythonLine(line) {
  const bare = withoutTexts(line.trim()).replace(/\s*\/\/.*$/, '');
  const found = lines.find(({ pattern }) => pattern.test(bare));
  return found && `This is Python. In TypeScript: ${found.here}.`;
}

/** Names that Python has. */
const names = {
  print: 'console.log(x); the value of a last line is shown without it',
  len: 'xs.length',
  range: 'for (let i = 0; i < n; i++), or Array.from({ length: n }, (_, i) => i)',
  enumerate: 'for (const [i, x] of xs.entries())',
  zip: 'xs.map((x, i) => [x, ys[i]])',
  next: 'iterator.next().value, or for (const batch of loader) { …; break; }',
  iter: 'xs[Symbol.iterator](), or for (const x of xs)',
  None: 'null, or undefined',
  True: 'true',
  False: 'false',
  self: 'this',
  str: 'String(x)',
  int: 'Math.trunc(x), or parseInt(text)',
  float: 'Number(x)',
  bool: 'Boolean(x)',
  list: '[...xs]',
  dict: '{ key: value }',
  tuple: '[a, b]',
  sum: 'xs.reduce((a, b) => a + b, 0)',
  max: 'Math.max(...xs)',
  min: 'Math.min(...xs)',
  abs: 'Math.abs(x)',
  round: 'Math.round(x), or x.toFixed(2) for its text',
  pow: 'a ** b',
  sorted: 'xs.toSorted((a, b) => a - b)',
  reversed: 'xs.toReversed()',
  isinstance: 'x instanceof Class',
  type: 'typeof x, or x.constructor.name',
  dir: 'Tab after sd. or x. lists what there is',
  help: 'Shift+Tab within the brackets of a call, or sd.showSource(f)',
  input: 'sd.form(settings, controls): a cell cannot ask',
  open: "readFileSync('file', 'utf8') of node:fs",
  torch: 'sd.tf, whose names are those of TensorFlow.js; sd.UNet2DConditionModel, sd.AdamW and others are the library\'s own',
  nn: 'sd.UNet2DConditionModel and others are ready; ops are in sd.tf',
  F: 'sd.tf',
  np: 'sd.tf, or plain arrays',
  numpy: 'sd.tf, or plain arrays',
  plt: 'sd.linePlot(ys), sd.bar, sd.histogram, sd.imageGrid',
  tqdm: 'for (const x of sd.progress(xs))',
  os: "import * as os from 'node:os', and node:fs, node:path",
  time: 'performance.now(), or %time before a line',
  random: 'Math.random(), or new sd.Generator(seed)',
}; // prettier-ignore

/** What is written here for a name of Python's that the cells do not have, or undefined. */
function pythonName(name) {
  if (!Object.hasOwn(names, name)) return undefined;
  return `${name} is not defined yet. If Python's is meant, in TypeScript: ${names[name]}.`;
}

module.exports = { pythonLine, pythonName };
