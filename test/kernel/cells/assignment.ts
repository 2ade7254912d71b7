import type { Row } from './row';

/** Patterns and operators over the cells' names. */
export const assignments: Row[] = [
  // destructuring
  [
    'nested patterns',
    [
      'const { a27, b: [c27 = 5, ...d27], ...e27 } = { a27: 1, b: [undefined, 2, 3], z: 4 };',
      '[a27, c27, d27, e27]',
    ],
    '[ 1, 5, [ 2, 3 ], { z: 4 } ]',
  ],
  ['computed keys', ["const k28 = 'x'; const { [k28]: v28 } = { x: 3 };", 'v28'], '3'],
  ['a swap', ['let p29 = 1, q29 = 2;', '[p29, q29] = [q29, p29];', '[p29, q29]'], '[ 2, 1 ]'],
  [
    'a rest of an object assigned',
    ['let r30: object = {}, s30 = 0;', '({ s30, ...r30 } = { s30: 1, t: 2 });', '[s30, r30]'],
    '[ 1, { t: 2 } ]',
  ],
  [
    'a pattern in for',
    ['let p31 = 0, q31 = 0;', 'for ([p31, q31] of [[1, 2]] as [number, number][]) {}', 'p31 + q31'],
    '3',
  ],
  [
    'for (var) with a pattern',
    [
      'for (var { v32, w32 = 2 } of [{ v32: 1 }] as { v32: number; w32?: number }[]) {}',
      '[v32, w32]',
    ],
    '[ 1, 2 ]',
  ],
  [
    'shorthand reads',
    ['let s33 = 1; const o33 = () => ({ s33 });', 's33 = 2;', 'o33()'],
    '{ s33: 2 }',
  ],
  [
    'a default reads another',
    ['const { a34 = 1, b34 = a34 + 1 } = {} as { a34?: number; b34?: number };', '[a34, b34]'],
    '[ 1, 2 ]',
  ],
  ['an iterable', ['const [a35, , b35] = new Set([1, 2, 3]);', '[a35, b35]'], '[ 1, 3 ]'],
  // operators
  [
    'compound',
    ['let o36 = 2; const r36 = () => o36;', 'o36 **= 5; o36 |= 1; o36 >>= 1;', 'r36()'],
    '16',
  ],
  [
    'logical assignment',
    [
      'let a37: number | null = null, b37 = 1, c37 = 0; const r37 = () => [a37, b37, c37];',
      'a37 ??= 4; b37 &&= 5; c37 ||= 6;',
      'r37()',
    ],
    '[ 4, 5, 6 ]',
  ],
  ['postfix gives the old value', ['let p38 = 1;', '[p38++, p38--, p38]'], '[ 1, 2, 1 ]'],
  [
    'typeof',
    ['let t39 = 1; const r39 = () => typeof t39;', '(t39 as any) = "x";', 'r39()'],
    "'string'",
  ],
  ['typeof of nothing', ['declare const nothing40: unknown;', 'typeof nothing40'], "'undefined'"],
  ['delete of a property', ['const d41: { a?: number } = { a: 1 };', 'delete d41.a;', 'd41'], '{}'],
  [
    'a label of the same name',
    ['let l42 = 1;', 'l42: for (;;) { for (;;) break l42 }', 'l42'],
    '1',
  ],
  [
    'a property of the same name',
    [
      'let p43 = 1; const o43 = { p43: 2, q: { p43: 3 } };',
      'p43 = 9; [o43.p43, o43.q.p43, o43["p43"]]',
    ],
    '[ 2, 3, 2 ]',
  ],
  [
    'a method called by its name has no this',
    ['function t44(this: unknown) { return this }', 't44() === undefined'],
    'true',
  ],
  [
    'a tagged template has no this',
    ['function t45(this: unknown, s: TemplateStringsArray) { return [this, s[0]] }', 't45`a`'],
    "[ undefined, 'a' ]",
  ],
  ['a template', ['let t46 = 1;', '`${t46}${`${t46 + 1}`}`'], "'12'"],
  [
    'optional call',
    ['let o47: ((n: number) => number) | undefined;', 'o47 = (n) => n + 1;', 'o47?.(1)'],
    '2',
  ],
  [
    'new of a class in a variable',
    ['let C48 = class { v = 1 };', 'C48 = class { v = 2 };', 'new C48().v'],
    '2',
  ],
  [
    'new.target',
    ['function N49(this: any) { this.t = new.target === N49 }', 'new (N49 as any)().t'],
    'true',
  ],
  ['arguments', ['function a50(..._: number[]) { return arguments.length }', 'a50(1, 2, 3)'], '3'],
  [
    'a function keeps its name',
    ['const n51 = () => 1; let m51: () => void; m51 = () => {};', '[n51.name, m51.name]'],
    "[ 'n51', 'm51' ]",
  ],
  [
    'a class keeps its name',
    ['const N52 = class {}; class M52 {}', '[N52.name, M52.name, new M52().constructor.name]'],
    "[ 'N52', 'M52', 'M52' ]",
  ],
  ['a sequence', ['let s53 = 1;', '(s53 = 2, s53 + 1)'], '3'],
  [
    'a comma in for',
    ['for (var i54 = 0, j54 = 5; i54 < j54; i54++, j54--);', '[i54, j54]'],
    '[ 3, 2 ]',
  ],
  [
    'switch',
    [
      'let s55 = 2, r55 = 0;',
      'switch (s55) { case 1: { r55 = 1; break } case 2: let t = 7; r55 = t; }',
      'r55',
    ],
    '7',
  ],
  ['do while', ['let w56 = 3, n56 = 0; do { n56++ } while (--w56);', '[w56, n56]'], '[ 0, 3 ]'],
  ['for in writes', ["let k57 = ''; for (k57 in { a: 1, b: 2 }) {}", 'k57'], "'b'"],
  ['eval-free strict mode', ['(function () { return this === undefined })()'], 'true'],
  [
    'functions are hoisted within a cell',
    ['const r59 = f59(); function f59() { return 1 }', 'r59'],
    '1',
  ],
  [
    'a function reads what is declared below it',
    ['const f60 = () => g60(); const g60 = () => 3;', 'f60()'],
    '3',
  ],
  [
    'a later cell declares what a callback waits for',
    [
      'let ready61: (v: number) => void = () => {}; const p61 = new Promise<number>((r) => (ready61 = r));',
      'ready61(5);',
      'await p61',
    ],
    '5',
  ],
];
