import type { Row } from './row';

/** What only TypeScript has, and what an ES module may have that a cell is not. */
export const language: Row[] = [
  // errors that would exist only because cells are modules
  [
    'a class expression with a private member',
    ['const M1 = class { private s = 1; get() { return this.s } }', 'new M1().get()'],
    '1',
  ],
  [
    'a function that gives one',
    ['function make2() { return class { private a = 1; protected b = 2 } }', 'typeof make2()'],
    "'function'",
  ],
  [
    'a mixin',
    [
      'type Ctor3 = new (...args: any[]) => object; const mix3 = <T extends Ctor3>(B: T) => class extends B { protected p = 1; q() { return this.p } }',
      'new (mix3(class {}))().q()',
    ],
    '1',
  ],
  [
    'a type that has no name',
    ['const u4 = (() => { class Hidden { v = 4 } return new Hidden() })();', 'u4.v'],
    '4',
  ],
  ['a unique symbol', ['const s5 = Symbol("s"); const o5 = { [s5]: 5 };', 'o5[s5]'], '5'],
  [
    'a private import type',
    ["import * as fs6 from 'node:fs'; const st6 = fs6.statSync('.');", 'st6.isDirectory()'],
    'true',
  ],
  // namespaces stay known
  [
    'a namespace two cells on',
    ['namespace A23 { export const one = 1 }', '1', '1', 'A23.one'],
    '1',
  ],
  ['a nested one', ['namespace A24.B.C { export const v = 24 }', 'A24.B.C.v'], '24'],
  [
    'one with types',
    [
      'namespace A25 { export interface I { a: number } export const i: I = { a: 25 } }',
      '1',
      'const i25: A25.I = A25.i; i25.a',
    ],
    '25',
  ],
  [
    'a function in it reads a variable',
    ['let v26 = 1; namespace A26 { export const get = () => v26 }', 'v26 = 2;', 'A26.get()'],
    '2',
  ],
  [
    'an alias of it',
    [
      'namespace A27 { export namespace B { export const v = 27 } }',
      'import B27 = A27.B; B27.v',
      'B27.v',
    ],
    '27',
  ],
  // enums
  ['an enum', ['enum E28 { A = 1, B, C = A | B }', '[E28.C, E28[2]]'], "[ 3, 'B' ]"],
  ['a string enum', ["enum E29 { A = 'a' }", 'E29.A'], "'a'"],
  ['a const enum', ['const enum E30 { X = 4 }', 'E30.X'], '4'],
  [
    'an enum of computed values',
    ['const base31 = 3; enum E31 { A = base31, B = Math.max(A, 7) }', 'E31.B'],
    '7',
  ],
  ['enum of an earlier cell as a type', ['enum E32 { A, B }', 'const e32: E32 = E32.B; e32'], '1'],
  // declare, overloads, abstract, generics
  [
    'declare',
    [
      'declare const d33: number; declare function f33(): void; declare class C33 {}',
      'typeof (globalThis as any).d33',
    ],
    "'undefined'",
  ],
  [
    'overloads',
    [
      'function o34(a: number): number; function o34(a: string): string; function o34(a: any) { return a }',
      "o34('x')",
    ],
    "'x'",
  ],
  [
    'abstract',
    [
      'abstract class A35 { abstract v(): number; twice() { return this.v() * 2 } }',
      'class B35 extends A35 { v() { return 4 } }',
      'new B35().twice()',
    ],
    '8',
  ],
  ['a generic arrow', ['const id36 = <T>(v: T) => v;', 'id36(3)'], '3'],
  [
    'a generic class extended later',
    [
      'class S37<T> { private items: T[] = []; push(v: T) { this.items.push(v); return this } get size() { return this.items.length } }',
      'class T37 extends S37<number> {}',
      'new T37().push(1).size',
    ],
    '1',
  ],
  [
    'parameter properties',
    [
      'class P38 { constructor(readonly a: number, private b = 2) {} sum() { return this.a + this.b } }',
      'new P38(1).sum()',
    ],
    '3',
  ],
  [
    'accessors',
    [
      'class A39 { #v = 1; get v() { return this.#v } set v(n) { this.#v = n } static accessor z = 5 }',
      'const a39 = new A39(); a39.v = 4; [a39.v, A39.z]',
    ],
    '[ 4, 5 ]',
  ],
  [
    'satisfies and as const',
    [
      "const s40 = { a: 'x' } as const satisfies Record<string, string>;",
      "const t40: 'x' = s40.a; t40",
    ],
    "'x'",
  ],
  ['a definite assignment', ['let d41!: number;', 'd41 = 41;', 'd41'], '41'],
  ['non-null', ['const n42 = [1].find(() => true)!;', 'n42'], '1'],
  [
    'a type guard',
    [
      "function isS43(v: unknown): v is string { return typeof v === 'string' }",
      "const v43: unknown = 'x'; isS43(v43) ? v43.length : 0",
    ],
    '1',
  ],
  [
    'an assertion function',
    [
      "function must44(v: unknown): asserts v { if (!v) throw new Error('no') }",
      "const v44: string | undefined = 'x' as string | undefined; must44(v44); v44.length",
    ],
    '1',
  ],
  [
    'a parameter called this',
    ['function f45(this: { a: number }) { return this.a }', 'f45.call({ a: 45 })'],
    '45',
  ],
  [
    'a class decorator',
    ['function dec46(t: any) { t.tag = 46 }', '@dec46 class D46 {}', '(D46 as any).tag'],
    '46',
  ],
  [
    'a method decorator',
    [
      'const seen47: unknown[] = []; function dec47(..._: any[]): any { seen47.push(typeof _[0]) }',
      'class D47 { @dec47 m() {} }',
      'seen47.length',
    ],
    '1',
  ],
  [
    'a standard method decorator',
    [
      'function twice(f: (n: number) => number, { kind }: ClassMethodDecoratorContext) { return function (this: unknown, n: number) { return kind.length + 2 * f.call(this, n) } }',
      'class Deco1 { k = 1; @twice add(n: number) { return n + this.k } }',
      'new Deco1().add(4)',
    ],
    '16',
  ],
  [
    'a standard class decorator that replaces',
    [
      'function tagged<T extends new (...args: any[]) => object>(C: T, context: ClassDecoratorContext) { return class extends C { tag = context.name } }',
      '@tagged class Deco2 { x = 1 }',
      '(new Deco2() as any).tag + new Deco2().x',
    ],
    "'Deco21'",
  ],
  [
    'a field decorator and an accessor',
    [
      'const plus = (_: undefined, context: ClassFieldDecoratorContext) => (v: number) => v + String(context.name).length;',
      'class Deco3 { @plus abc = 1; accessor z = 7 }',
      '[new Deco3().abc, new Deco3().z].join()',
    ],
    "'4,7'",
  ],
  [
    'an initializer by a decorator',
    [
      'function bound(f: any, context: ClassMethodDecoratorContext) { context.addInitializer(function (this: any) { this[context.name] = f.bind(this) }) }',
      'class Deco4 { v = 5; @bound get5() { return this.v } }',
      'const { get5 } = new Deco4(); get5()',
    ],
    '5',
  ],
  [
    'a decorated class that a later cell extends',
    [
      'function noop(..._: any[]): any {}',
      '@noop class Deco6 { a = 1 }',
      'class Deco7 extends Deco6 { b = 2 }; new Deco7().a + new Deco7().b',
    ],
    '3',
  ],
  [
    'using',
    ["{ using u48 = { [Symbol.dispose]() { console.log('gone') } }; console.log('used') }"],
    'used\ngone\n',
  ],
  [
    'using in a function',
    [
      "function f49() { using u = { [Symbol.dispose]() { console.log('gone') } }; return 1 }",
      'f49()',
    ],
    'gone\n1',
  ],
  [
    'using at the top',
    ["using u50 = { v: 1, [Symbol.dispose]() { console.log('gone') } }; console.log(u50.v)"],
    '1\ngone\n',
  ],
  [
    'two of them, in turn',
    [
      "{ using a = { [Symbol.dispose]() { console.log('a') } }, b = { [Symbol.dispose]() { console.log('b') } }; }",
    ],
    'b\na\n',
  ],
  ['no JSX in an assertion', ['const v51 = <number>(51 as unknown);', 'v51'], '51'],
  ['import.meta', ["import.meta.url.startsWith('file:')"], 'true'],
  ['__dirname', ['__dirname === process.cwd()'], 'true'],
  ['import.meta.dirname', ['import.meta.dirname === process.cwd()'], 'true'],
  ['a hashbang-free comment only', ['// nothing'], ''],
  ['an empty cell', [';'], ''],
  ['CRLF', ['const a57 = 1;\r\nconst b57 = 2;\r\na57 + b57'], '3'],
  ['a line separator', ['"a\u2028b".length'], '3'],
  ['no semicolons', ['const a59 = 1\nconst b59 = [a59]\n;[a59].concat(b59)'], '[ 1, 1 ]'],
  ['a string that looks like code', ["const s60 = 'let lr = 1; await x'; s60.length"], '19'],
  [
    'private names',
    ['class P61 { #x = 1; static has(o: object) { return #x in o } }', 'P61.has(new P61())'],
    'true',
  ],
  [
    'super',
    [
      'class A62 { m() { return "a" } static s() { return 1 } } ',
      'class B62 extends A62 { m() { return super.m() + "b" } static s() { return super.s() + 1 } }',
      '[new B62().m(), B62.s()]',
    ],
    "[ 'ab', 2 ]",
  ],
  [
    'a class that reads itself',
    ['class K63 { static one = new K63(1); constructor(public v: number) {} }', 'K63.one.v'],
    '1',
  ],
  [
    'getter and setter of an object',
    [
      'let v64 = 1; const o64 = { get v() { return v64 }, set v(n) { v64 = n } };',
      'o64.v = 5;',
      'v64',
    ],
    '5',
  ],
  [
    'a Proxy',
    ['const p65: any = new Proxy({}, { get: (_, k) => String(k) });', 'p65.abc'],
    "'abc'",
  ],
  [
    'a symbol iterator',
    ['const it66 = { *[Symbol.iterator]() { yield 1; yield 2 } };', '[...it66]'],
    '[ 1, 2 ]',
  ],
  // types from cell to cell: those that were declared
  [
    'undefined is in every type',
    ['let z80: number | undefined;', 'z80 = 3;', 'z80.toFixed(1)'],
    "'3.0'",
  ],
  [
    'an assignment narrows in its own cell',
    ["let y81: string | number = 1; y81 = 'abc'; y81.length"],
    '3',
  ],
  [
    'not in later ones',
    ["let y82: string | number = 'abc';", 'y82.length'],
    /Property 'length' does not exist on type 'string \| number'/,
  ],
  [
    'so that what a callback sets is of its type',
    [
      'let latest83: { loss: number } | null = null;',
      'const onStep83 = (loss: number) => { latest83 = { loss }; }; onStep83(0.5);',
      'latest83.loss',
    ],
    '0.5',
  ],
  [
    'and a value that changes can be compared',
    [
      "let mode84: 'a' | 'b' = 'a'; const set84 = () => { mode84 = 'b'; };",
      'set84();',
      "mode84 === 'b'",
    ],
    'true',
  ],
  ['BigInt', ['let b67 = 1n;', 'b67 <<= 64n;', 'b67'], '18446744073709551616n'],
];
