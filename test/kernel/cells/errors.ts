import type { Row } from './row';

/** What a cell that cannot run, or fails, says; and how often. */
export const errors: Row[] = [
  [
    'the place is marked',
    ["const a1 = 1;\nconst b1: number = 'x';"],
    /2:7 - Type 'string' is not assignable to type 'number'[\s\S]*2 const b1: number = 'x';\n {8}~~/,
  ],
  [
    'a missing name, once',
    ['nope2; nope2; nope2'],
    /^(?:(?!nope2[\s\S]*not defined[\s\S]*nope2[\s\S]*not defined)[\s\S])*nope2 is not defined/,
  ],
  [
    'several missing names: one sentence',
    ['sdX3.a(); trainerX3.b(); sdX3.c()'],
    /sdX3, trainerX3 are not defined yet: run the cells above/,
  ],
  ['one missing name', ['datasetX4.size'], /datasetX4 is not defined yet: run the cells? above/],
  [
    'a typo has a suggestion',
    ['const learningRate5 = 1;', 'lerningRate5'],
    /Did you mean 'learningRate5'\?/,
  ],
  ['a typo in a property', ['const o6 = { colour: 1 };', 'o6.color'], /Did you mean 'colour'\?/],
  ['process.exit', ['process.exit(0)'], /^SystemExit: process\.exit\(\) would end the kernel/],
  [
    'process.exit, and what was there stays',
    ['let e71 = 1;', "e71 = 2; await 0; (await import('node:process')).default.exit(1);"],
    /^SystemExit/,
  ],
  ['after it', ['e71'], '2'],
  [
    'fields of an error without those that are undefined',
    ["throw Object.assign(new Error('m74', { cause: undefined }), { row: undefined, code: 7 })"],
    /^(Error: m74\n){2}( +at .*\n)* +code: 7,?\s*$/,
  ],
  [
    'process.exit in a function of an earlier cell',
    ['const quit72 = () => process.exit();', 'quit72()'],
    /^SystemExit/,
  ],
  [
    'process.exit in a timer',
    ['setTimeout(() => process.exit(1), 1); await new Promise((r) => setTimeout(r, 100)); 73'],
    null,
  ],
  [
    'const is refused',
    ['const c7 = 1;', 'c7 = 2'],
    /Cannot assign to 'c7' because it is a constant/,
  ],
  [
    'a wrong argument',
    ['function f8(n: number) {}', "f8('x')"],
    /Argument of type 'string' is not assignable/,
  ],
  [
    'too few arguments',
    ['function f9(a: number, b: number) {}', 'f9(1)'],
    /Expected 2 arguments, but got 1/,
  ],
  [
    'twice in one cell',
    ['let t10 = 1; let t10 = 2;'],
    /Cannot redeclare block-scoped variable 't10'|already been declared/,
  ],
  ['a syntax error', ['const = 3;'], /1:7 - [\s\S]*\n1 const = 3;\n {8}~/],
  ['an open bracket', ['f(1'], /'\)' expected/],
  [
    'no name of the kernel: a call',
    ['let f13: any = 1;', 'f13()'],
    /TypeError: f13 is not a function/,
  ],
  [
    'no name of the kernel: a property',
    ['let o14: any = undefined;', 'o14.a.b'],
    /TypeError: Cannot read properties of undefined \(reading 'a'\)/,
  ],
  [
    'no name of the kernel: a method',
    ['let o15: any = {};', 'o15.run()'],
    /TypeError: o15\.run is not a function/,
  ],
  [
    'no name of the kernel: new',
    ['let o16: any = {};', 'new o16()'],
    /TypeError: o16 is not a constructor/,
  ],
  [
    'no name of the kernel: iteration',
    ['let o17: any = 1;', 'const [a17] = o17;'],
    /TypeError: (?:o17|number 1) is not iterable/,
  ],
  [
    'no name of the kernel: spread',
    ['let o18: any = 1;', 'Math.max(...o18)'],
    /TypeError: (?:(?!\$cells)[\s\S])*$/,
  ],
  [
    'no name of the kernel: in',
    ['let o19: any = 1;', "'a' in o19"],
    /TypeError: (?:(?!\$cells)[\s\S])*$/,
  ],
  [
    'no name of the kernel: a tag',
    ['let t20: any = 1;', 't20`x`'],
    /TypeError: t20 is not a function/,
  ],
  [
    'a trace in the lines of two cells',
    [
      "function boom21(n: number) {\n  // one\n  throw new RangeError('x' + n);\n}",
      '\n\nboom21(1)',
    ],
    /RangeError: x1[\s\S]*boom21 \(In\[\d+\]:3:9\)[\s\S]*In\[\d+\]:3:1/,
  ],
  [
    'a trace through an arrow',
    ['const boom22 = () => {\n  throw new Error("x");\n};', '[1].map(boom22)'],
    /boom22 \(In\[\d+\]:2:9\)/,
  ],
  [
    'a trace after an await',
    ['const boom23 = async () => {\n  await 0;\n  throw new Error("x");\n};', 'await boom23()'],
    /boom23 \(In\[\d+\]:3:9\)/,
  ],
  [
    'no frames of the kernel',
    ["throw new Error('x')"],
    /^(?:(?!launcher|executor|node:vm|\.cjs)[\s\S])*$/,
  ],
  ['thrown text', ["throw 'plain'"], /plain/],
  ['thrown null', ['throw null'], /null/],
  ['require of nothing', ["require('./nothing-here')"], /Cannot find module '\.\/nothing-here'/],
  // magics
  ['a shell command', ['!ls'], /!ls[\s\S]*execSync/],
  ['a shell command in a cell', ['1;\n!ls -l'], /execSync/],
  ['pip', ['%pip install x'], /npm install/],
  ['matplotlib', ['%matplotlib inline'], /%matplotlib/],
  ['bash', ['%%bash\nls'], /%%bash[\s\S]*execSync/],
  ['an unknown magic', ['%nosuch'], /%nosuch[\s\S]*%time/],
  // packages
  [
    'a package that is not there',
    ["import _ from 'no-such-package-here'"],
    /no-such-package-here[\s\S]*npm install no-such-package-here/,
  ],
  ['one with a scope', ["import _ from '@none/such-package'"], /npm install @none\/such-package/],
  ['by import()', ["await import('no-such-package-too')"], /npm install no-such-package-too/],
];

/** Magics that work. */
export const magics: Row[] = [
  ['%time of an expression', ['%time 1 + 1'], null],
  ['%time of await', ['%time await Promise.resolve(5)'], null],
  ['%time of a statement', ['%time const m3 = 7;', 'm3'], '7'],
  ['%%time', ['%%time\nconst m4 = 1;\nm4 + 1', 'm4'], '1'],
  ['modulo is no magic', ['const m5 = 7\nconst n5 = m5\n  % 4\nn5'], '3'],
  ['not is no magic', ['let m6 = true;\n!m6'], 'false'],
  ['a template is no magic', ['`\n%time x\n!ls`.length'], '12'],
];
