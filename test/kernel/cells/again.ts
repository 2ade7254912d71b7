import type { Row } from './row';

/** Anything may follow anything. */
export const redeclared: Row[] = [
  [
    'const over const',
    ['const a = 1; const readA = () => a;', "const a = 'x';", '[a, readA()]'],
    "[ 'x', 'x' ]",
  ],
  ['let over const', ['const b = 1;', 'let b = 2; b++;', 'b'], '3'],
  [
    'const over let',
    ['let c = 1;', 'const c = 2;', 'c = 3'],
    /Cannot assign to 'c' because it is a constant/,
  ],
  ['var over let', ['let d = 1; const readD = () => d;', 'var d = 2;', 'readD()'], '2'],
  ['var without a value keeps it', ['var e = 1;', 'var e: number;', 'e'], '1'],
  ['let without a value', ['let f = 1;', 'let f: number | undefined;', 'f === undefined'], 'true'],
  [
    'function over const',
    ['const g = () => 1; const callG = () => g();', 'function g() { return 2 }', '[g(), callG()]'],
    '[ 2, 2 ]',
  ],
  ['const over function', ['function h() { return 1 }', 'const h = 5;', 'h'], '5'],
  [
    'function over function',
    ['function i() { return 1 } const callI = () => i();', 'function i() { return 2 }', 'callI()'],
    '2',
  ],
  ['class over function', ['function J() { return 1 }', 'class J { v = 2 }', 'new J().v'], '2'],
  [
    'class over class',
    ['class K { v = 1 } const makeK = () => new K();', 'class K { v = 2 }', 'makeK().v'],
    '2',
  ],
  [
    'an instance of the earlier class',
    [
      'class L { v = 1 } const l1 = new L();',
      'class L { v = 2 }',
      '[l1.v, (l1 as object) instanceof L]',
    ],
    '[ 1, false ]',
  ],
  ['let over class', ['class M { v = 1 }', 'let M = 3;', 'M'], '3'],
  ['enum over enum', ['enum N { A, B }', 'enum N { C = 5 }', 'N'], "{ '5': 'C', C: 5 }"],
  ['const over enum', ['enum O { A }', 'const O = 1;', 'O'], '1'],
  [
    'namespace over namespace',
    ['namespace P { export const one = 1 }', 'namespace P { export const two = 2 }', 'P'],
    '{ two: 2 }',
  ],
  ['const over import', ["import { join as q } from 'node:path'", 'const q = 1;', 'q'], '1'],
  ['import over const', ['const r = 1;', "import { sep as r } from 'node:path'", 'r'], "'/'"],
  [
    'import over import',
    ["import { sep as s } from 'node:path'", "import { delimiter as s } from 'node:path'", 's'],
    "':'",
  ],
  [
    'interface over interface',
    ['interface T { a: number }', 'interface T { b: string }', "const t: T = { b: 'x' }; t.b"],
    "'x'",
  ],
  [
    'type over interface',
    ['interface U { a: number }', 'type U = string;', "const u: U = 'x'; u"],
    "'x'",
  ],
  [
    'type beside a value',
    ['const V = 1; type V = string;', "const v: V = 'x'; [v, V]"],
    "[ 'x', 1 ]",
  ],
  ['enum within one cell merges', ['enum W { A } enum W { B = 5 }', 'W.A + W.B'], '5'],
  [
    'namespace on a function of one cell',
    ['function X() { return 1 } namespace X { export const y = 2 }', '[X(), X.y]'],
    '[ 1, 2 ]',
  ],
  [
    'namespace on a class of one cell',
    ['class Y { z = Y.w } namespace Y { export const w = 2 }', 'new Y().z'],
    '2',
  ],
  [
    'pattern over pattern',
    ['const [z1, z2] = [1, 2];', 'const { z1, z2 } = { z1: 3, z2: 4 };', '[z1, z2]'],
    '[ 3, 4 ]',
  ],
  [
    'a cell run twice',
    [
      'const twice = [] as number[]; twice.push(1);',
      'const twice = [] as number[]; twice.push(1);',
      'twice',
    ],
    '[ 1 ]',
  ],
  [
    'reads the earlier one in its own initializer',
    ['let self = 2;', 'var self = self + 1;', 'self'],
    '3',
  ],
];

/** What happens to names when a cell fails or is broken off. */
export const failing: Row[] = [
  [
    'never set',
    ["throw new Error('e'); const never1 = 1;", 'never1'],
    /ReferenceError: never1 has no value/,
  ],
  ['set before the throw', ["const set2 = 5; throw new Error('e');", 'set2'], '5'],
  [
    'keeps its earlier value',
    ['let kept3 = 1;', "throw new Error('e'); let kept3 = 2;", 'kept3'],
    '1',
  ],
  ['can be set later', ["throw new Error('e'); let later4 = 1;", 'later4 = 3;', 'later4'], '3'],
  [
    'can be declared again',
    ["throw new Error('e'); const again5 = 1;", 'const again5 = 2;', 'again5'],
    '2',
  ],
  [
    'functions of a failing cell are known',
    ["function f6() { return 6 } throw new Error('e');", 'f6()'],
    '6',
  ],
  [
    'a rejected await',
    ["const a7 = 1; await Promise.reject(new Error('e')); const b7 = 2;", 'a7'],
    '1',
  ],
  [
    'after a rejected await',
    ["const a8 = 1; await Promise.reject(new Error('e')); const b8 = 2;", 'b8'],
    /ReferenceError: b8 has no value/,
  ],
  [
    'a constructor that throws',
    ["class K9 { constructor() { throw new Error('e') } }", 'const k9 = new K9();', 'k9'],
    /ReferenceError: k9 has no value/,
  ],
  [
    'a cell with a type error does nothing',
    ['let t10 = 1;', "t10 = 2; const u10: number = 'x';", 't10'],
    '1',
  ],
  ['names of a cell with a type error are unknown', ["const t11: number = 'x';", 't11'], /t11/],
  ['a syntax error does nothing', ['let s12 = 1;', 's12 = 2; const = 3;', 's12'], '1'],
  [
    'half a pattern',
    [
      "const { a13, b13 = (() => { throw new Error('e') })() } = { a13: 1 } as { a13: number; b13?: number };",
      'a13',
    ],
    '1',
  ],
  [
    'a function that reads it says so too',
    ['const read14 = () => late14; const late14 = (() => { throw new Error("e") })();', 'read14()'],
    /ReferenceError: late14 has no value/,
  ],
  [
    'typeof of it',
    ["throw new Error('e'); const t15 = 1;", 'typeof t15'],
    /ReferenceError: t15 has no value|'undefined'/,
  ],
];

/** The cells' names are the cells' own: packages keep their globals. */
export const globals: Row[] = [
  ['URL', ["const URL = 'http://a';", 'typeof globalThis.URL'], "'function'"],
  [
    'a library works on',
    [
      'const performance = 1, fetch = 2, Map = 3, process = 4, Symbol = 5;',
      "import { createServer } from 'node:http'",
      "import * as assert from 'node:assert'; assert.ok(true); typeof createServer",
    ],
    "'function'",
  ],
  ['var is not global', ['var notGlobal = 1;', "'notGlobal' in globalThis"], 'false'],
  ['function is not global', ['function notGlobalF() {}', "'notGlobalF' in globalThis"], 'false'],
  ['globals can be shadowed and read', ['const console2 = console; console2.log("x")'], 'x\n'],
  [
    'a typed global',
    ['declare global { var shared1: number } globalThis.shared1 = 4;', 'shared1'],
    '4',
  ],
];
