import type { Row } from './row';

/** One variable is one variable, whichever cell wrote it: values as in Python, Node's REPL and Deno. */
export const scope: Row[] = [
  // closures of earlier cells see later assignments
  [
    'a number',
    ['let lr = 1e-3; const schedule = (s: number) => lr * s;', 'lr = 1e-4;', 'schedule(1)'],
    '0.0001',
  ],
  [
    'a shorthand with a default',
    ['let lr2 = 1; const opts: { lr2?: number } = {};', '({ lr2 = 0.1 } = opts);', 'lr2'],
    '0.1',
  ],
  [
    'undefined before a throw',
    [
      'let x3: number | undefined = 5;',
      "x3 = undefined; throw new Error('boom');",
      'x3 === undefined',
    ],
    'true',
  ],
  ['let again', ['let l4 = 1; const read4 = () => l4;', 'let l4 = 2;', 'read4()'], '2'],
  [
    'a counter',
    ['let n5 = 0; const next5 = () => ++n5;', 'next5(); n5 += 10;', '[next5(), n5]'],
    '[ 12, 12 ]',
  ],
  [
    'an object replaced',
    ['let c6 = { a: 1 }; const get6 = () => c6.a;', 'c6 = { a: 2 };', 'get6()'],
    '2',
  ],
  ['a getter', ['let g7 = 1; const o7 = { get v() { return g7 } };', 'g7 = 2;', 'o7.v'], '2'],
  ['a default parameter', ['let d8 = 1; function f8(v = d8) { return v }', 'd8 = 2;', 'f8()'], '2'],
  ['a method', ['let m9 = 1; class M9 { get() { return m9 } }', 'm9 = 2;', 'new M9().get()'], '2'],
  ['a field', ['let m10 = 1; class M10 { v = m10 }', 'm10 = 2;', 'new M10().v'], '2'],
  [
    'a static block',
    ['let s11 = 1;', 'class S11 { static v = 0; static { s11 = 5; S11.v = s11 } }', '[S11.v, s11]'],
    '[ 5, 5 ]',
  ],
  [
    'a generator',
    [
      'let y12 = 1; function* g12() { yield y12; yield y12 }',
      'const i12 = g12(); i12.next(); y12 = 7;',
      'i12.next().value',
    ],
    '7',
  ],
  [
    'an async closure',
    [
      'let a13 = 1; const later13 = async () => { await 0; return a13 };',
      'const p13 = later13(); a13 = 3;',
      'await p13',
    ],
    '3',
  ],
  [
    'a timer that writes',
    [
      'let t14 = 0; setTimeout(() => { t14 = 9 }, 20);',
      'await new Promise((r) => setTimeout(r, 60));',
      't14',
    ],
    '9',
  ],
  [
    'a function written by a function',
    ['let h15 = () => 1; const set15 = () => { h15 = () => 2 };', 'set15();', 'h15()'],
    '2',
  ],
  [
    'mutual recursion across cells',
    [
      'let odd16: (n: number) => boolean = () => false; const even16 = (n: number): boolean => n === 0 || odd16(n - 1);',
      'odd16 = (n) => n !== 0 && even16(n - 1);',
      'even16(10)',
    ],
    'true',
  ],
  [
    'a loop that writes',
    ['let sum17 = 0;', 'for (const k of [1, 2, 3]) sum17 += k;', 'sum17'],
    '6',
  ],
  ['a loop whose head is a variable', ['let k18 = 0;', 'for (k18 of [1, 2, 3]) {}', 'k18'], '3'],
  ['for (var)', ['for (var i19 = 0; i19 < 3; i19++) {}', 'i19'], '3'],
  ['var deep in blocks', ['if (true) { try { var v20 = 4 } finally {} }', 'v20'], '4'],
  [
    'for (let) stays in its loop',
    ['for (let i21 = 0; i21 < 3; i21++) {}', 'i21'],
    /i21 is not defined/,
  ],
  [
    'closures of for (let)',
    [
      'const fs22: (() => number)[] = []; for (let i = 0; i < 3; i++) fs22.push(() => i);',
      'fs22.map((f) => f())',
    ],
    '[ 0, 1, 2 ]',
  ],
  ['a block shadows', ['let b23 = 1;', '{ let b23 = 2; b23++ }', 'b23'], '1'],
  [
    'a parameter shadows',
    ['let b24 = 1; const f24 = (b24: number) => b24 + 1;', '[f24(5), b24]'],
    '[ 6, 1 ]',
  ],
  ['catch shadows', ['let e25 = 1; try { throw 2 } catch (e25) { e25 = 3 }', 'e25'], '1'],
  [
    'a function expression has its own name',
    [
      'let f26 = 1; const g26 = function f26(n: number): number { return n ? f26(n - 1) : 42 };',
      '[g26(2), f26]',
    ],
    '[ 42, 1 ]',
  ],
  // Names that are parts of what a cell's function takes: exports, module, __dirname.
  ...['port', 'mod', 'dir'].map((name): Row => [
    `a later cell's ${name}, in a function above`,
    [
      `declare const ${name}: number; const read_${name} = () => ${name};`,
      `const ${name} = 27;`,
      `read_${name}()`,
    ],
    '27',
  ]),
];
