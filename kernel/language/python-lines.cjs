'use strict';
// Lines of Python in a cell, whose author knows PyTorch: what is written in their place. TypeScript's own words about
// them ("'=' expected") help nobody.

const { shellCommand } = require('../magics.cjs');

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
  [/^(if|elif|while|with|except|match)\s+[^({\s].*:|^(else|try|finally)\s*:/, 'if (x) { … } else { … }: blocks stand in braces'],
  [/^(global|nonlocal)\s+\w/, 'nothing: functions see the names of all cells'],
  [/^print\s+\S/, 'console.log(x)'],
  [/\w\s*:=/, 'let x = 1, and then x'],
  [/[\w)\]]\s+@\s+[\w(]/, 'a.matMul(b)'],
  [/^@[\w.]+(\(.*\))?$/, 'nothing here: a decorator stands before a class or a method'],
  [/[\w)\]]\[[^\]?]*:[^\]?]*\]/, 'xs.slice(1, 3) of a list or a text, x.slice([0, 0], [1, -1]) of a tensor'],
  [/^(pass|del\s+\w+)$/, 'nothing: an empty block is { }, and values go by themselves'],
  [/^assert\s/, 'import assert from \'node:assert\', then assert(condition)'],
].map(([pattern, here]) => ({ pattern, here })); // prettier-ignore

/** Each text without what it says, so that words within it are none of the line's. */
const withoutTexts = (line) =>
  line.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`/g, "''");

/** What to write in the place of a line that does not parse, or undefined where it is no Python. */
function pythonLine(line) {
  if (/^\s*[rRfFbB]?("{3}|'{3})/.test(line))
    return 'This is Python. In TypeScript: a text over several lines stands in backticks.';
  const bare = withoutTexts(line.trim()).replace(/\s*\/\/.*$/, '');
  const found = lines.find(({ pattern }) => pattern.test(bare));
  return found && `This is Python. In TypeScript: ${found.here}.`;
}

/** Words that begin a line for a shell. */
const shell =
  /^(npm|npx|pip3?|conda|python3?|git|ls|cd|mkdir|rm|cp|mv|cat|wget|curl|sudo|apt(-get)?|nvidia-smi)\s+[\w.~/-]/;

/** The same for who takes a cell for a terminal or for IPython's help, or undefined. */
function otherLine(line) {
  const text = line.trim();
  const asked = /^\?{1,2}\s*([\w.$]+)$|^([\w.$]+)\s*\?{1,2}$/.exec(text);
  if (asked) {
    const name = asked[1] ?? asked[2];
    return `\`?\` is IPython's help. Here: Shift+Tab on ${name}, or within the brackets of its call; sd.showSource(${name}) shows its source.`;
  }
  if (shell.test(text)) return shellCommand(text, 'This is a command for a terminal');
  return undefined;
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
  pass: 'nothing: an empty block is { }',
  elif: 'else if (x) { … }',
  display: 'the value at a cell\'s end is shown',
  exit: 'nothing; Restart Kernel and Shut Down Kernel are in the menu Kernel',
  quit: 'nothing; Restart Kernel and Shut Down Kernel are in the menu Kernel',
  pd: 'sd.table(rows)',
  Image: 'sd.loadImage(path), and images[0] of what is drawn',
  repr: 'String(x), or what a cell ends with',
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

const ofBrowsers = new Set(
  'document window alert prompt confirm navigator localStorage requestAnimationFrame'.split(' '),
);

/** What is written here for a name of Python's that the cells do not have, or undefined. */
function pythonName(name) {
  if (ofBrowsers.has(name))
    return `${name} is a browser's: cells run in Node, beside the notebook. ${name} is not defined.`;
  if (!Object.hasOwn(names, name)) return undefined;
  return `${name} is not defined yet. If Python's is meant, in TypeScript: ${names[name]}.`;
}

module.exports = { otherLine, pythonLine, pythonName };
