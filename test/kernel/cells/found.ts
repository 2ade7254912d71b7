import type { Row } from './row';

/** Cells as newcomers write them, tried in one go and found wrong. */
export const found: Row[] = [
  ['two underscores', ['const __a1 = 1, ___b1 = 2;', '[__a1, ___b1]'], '[ 1, 2 ]'],
  [
    'a function of two',
    ['function __f2() { return 2 }', 'class __C2 {}', '[__f2(), __C2.name]'],
    "[ 2, '__C2' ]",
  ],
  [
    '__proto__',
    ['let __proto__ = 5;', 'const read3 = () => __proto__;', '__proto__ = 6;', 'read3()'],
    '6',
  ],
  [
    'constructor',
    [
      'const constructor = 6, toString = 7, hasOwnProperty = 8;',
      '[constructor, toString, hasOwnProperty]',
    ],
    '[ 6, 7, 8 ]',
  ],
  ['an object alone', ['const x5 = 1, y5 = 2;', '{ x: x5, y5 }'], '{ x: 1, y5: 2 }'],
  ['of one name', ['const x6 = 1;', '{ x6 }'], '{ x6: 1 }'],
  ['as in Python', ["{'a': 1, 'b': [2]}"], '{ a: 1, b: [ 2 ] }'],
  ['with await', ['{ x: await 3 }'], '{ x: 3 }'],
  ['empty', ['{}'], '{}'],
  ['behind lines and a comment', ['\n\n  { a: 1 } // one'], '{ a: 1 }'],
  ['a block', ['{ let q11 = 1; console.log(q11) }'], '1\n'],
  ['an object with a semicolon is a block', ['const x12 = 1;', '{ x12 };'], ''],
  [
    'its error is where it is',
    ['{ a: nope13 }'],
    /^TypeScriptError: 1:6 -[^]*\n1 \{ a: nope13 \}\n {7}~{6}\n?$/,
  ],
  [
    'in its second line',
    ['{ a: 1,\n b: nope14 }'],
    /^TypeScriptError: 2:5 -[^]*\n2 {2}b: nope14 \}/,
  ],
  [
    'its throw, too',
    ["{ y: (() => { throw new Error('here') })() }"],
    /In\[\d+\]:1:21\n.*In\[\d+\]:1:41/,
  ],
  ['a line for a shell', ['#!/usr/bin/env node\n16'], '16'],
  [
    'a live binding',
    [
      "import { live17, set17 } from './live';",
      'set17(7);',
      'const read17 = () => live17;',
      'set17(8);',
      'read17()',
    ],
    '8',
  ],
  [
    'then declared',
    ["import { live17 as l18, set17 as s18 } from './live';", 'let l18 = 3;', 's18(9);', 'l18'],
    '3',
  ],
  [
    'an import of nothing',
    ["import './nothing19'"],
    /Cannot find module '\.\/nothing19': there is no such file in .*notebook folder\.\n/,
  ],
  ['JSON that is not there', ["import x20 from './no20.json'"], /there is no such file in/],
  [
    'a table of numbers',
    ["import x21 from './data.csv'"],
    /it is neither code nor JSON\. readFileSync\('\.\/data\.csv', 'utf8'\)/,
  ],
  ["Node's own", ["import 'node:nope22'"], /Node has none of that name/],
  [
    "a package of Python's",
    ["import t23 from 'torch'"],
    /torch is a package of Python's\. Here: import \* as sd from/,
  ],
  [
    'one that is nearly ours',
    ["import * as s24 from 'stable-difusion-mnist/notebook'"],
    /Did you mean 'stable-diffusion-mnist\/notebook'\?/,
  ],
  [
    'a long line',
    [
      `const h25 = [${'1, '.repeat(300)}]; const w25: string = h25; const m25 = [${'2, '.repeat(300)}];`,
    ],
    /\n1 ….{150,162}…\n {2} {81}~~~\n?$/,
  ],
];

/** What Python takes. */
export const pythonFound: Row[] = [
  [
    'a name that was never declared',
    ['neverDeclared30 = 5'],
    /neverDeclared30 is not defined yet: run the cell above that defines it, or declare it: let neverDeclared30 = 5\./,
  ],
  [
    'from the end',
    ['const xs31 = [1, 2];', 'xs31[-1]'],
    /xs31\[-1\] is undefined here\. In TypeScript: xs31\.at\(-1\)\./,
  ],
  ['of a text', ["'abc'[-2]"], /'abc'\.at\(-2\)/],
  ['of a record it is a key', ["({ '-1': 2 })[-1]"], '2'],
  ['in a list', ["'a' in ['a', 'b']"], /\['a', 'b'\]\.includes\('a'\)/],
  ['in a record', ["'a' in { a: 1 }"], 'true'],
  ['a slice', ['const xs36 = [1, 2, 3];', 'xs36[1:2]'], /xs\.slice\(1, 3\)/],
  ['a text over lines', ['"""doc\nx"""'], /stands in backticks/],
  ['a block in one line', ['if True: pass'], /blocks stand in braces/],
  ['walrus', ['x39 := 1'], /let x = 1/],
  ['a product of matrices', ['a40 @ b40'], /a\.matMul\(b\)/],
  [
    'a list times a number',
    ['const xs41 = [1];', 'xs41 * 2'],
    /xs41\.map\(\(x\) => x \* 2\), and Array\(2\)\.fill\(xs41\)\.flat\(\) repeats it/,
  ],
  ['a text times a number', ["'a' * 3"], /'a'\.repeat\(3\)/],
  ['lists added', ['[1] + [2]'], /\[\.\.\.\[1\], \.\.\.\[2\]\]/],
  ['a text with %', ["'%d' % 5"], /in backticks/],
  ['help', ['Math.max?'], /Shift\+Tab on Math\.max/],
  ['help before', ['??Math'], /sd\.showSource\(Math\)/],
  [
    'a command',
    ['npm install lodash'],
    /This is a command for a terminal\. Here: .*execSync\('npm install lodash', \{ stdio: 'inherit' \}\)/,
  ],
  ['a folder', ['cd ..'], /process\.chdir\('\.\.'\)/],
  ['exit', ['exit()'], /in the menu Kernel/],
  ["a browser's", ['document.title'], /document is a browser's: cells run in Node/],
  ['global', ['global x51'], /functions see the names of all cells/],
  ['print without brackets', ['print 5'], /console\.log\(x\)/],
];
