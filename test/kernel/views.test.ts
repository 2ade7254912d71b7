import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, runCells } from '../support/kernel';

const HEAD = `const show = (view: unknown) => ({ tag: 7, [Symbol.for('Jupyter.display')]: view });
const shown = (data: unknown, metadata?: unknown) => (globalThis as any)[Symbol.for('kernel.display')]()({ data, metadata });
const circular: any = {}; circular.self = circular; const kernel: any = globalThis;`;

const failed = (reason: string) =>
  expect.stringMatching(new RegExp(`tag: 7[^]*\\n\\(its view failed: ${reason}\\)$`)) as string;

/** As the Node of these tests, which is the kernel's, shows a value: the spelling changes between its releases. */
function inspected(value: object): string {
  try {
    return inspect(value);
  } catch {
    return '[object that cannot be shown]';
  }
}
const throwing = Object.defineProperty({}, Symbol.toStringTag, {
  get() {
    throw new Error('t');
  },
});

/** [value, cell, its text/plain]: the cell is green. */
const green: [string, string, unknown][] = [
  ['a view that throws', `show(() => { throw new Error('bad view'); })`, failed('bad view')],
  ['that throws a string', `show(() => { throw 'bad'; })`, failed("'bad'")],
  ['that throws null', `show(() => { throw null; })`, failed('null')],
  ['that gives undefined', `show(() => undefined)`, failed('.*got undefined')],
  ['null', `show(() => null)`, failed('.*got null')],
  ['a number', `show(() => 5)`, failed('.*got a number')],
  ['a string', `show(() => '<b>')`, failed('.*got a string')],
  ['an array', `show(() => [1])`, failed('.*got an array')],
  ['nothing', `show(() => ({}))`, failed('it gave nothing to show')],
  ['a rejected promise', `show(async () => { throw new Error('later'); })`, failed('later')],
  ['a promise of null', `show(async () => null)`, failed('.*got null')],
  [
    'a thenable that throws',
    `show(() => ({ then() { throw new Error('then'); } }))`,
    failed('then'),
  ],
  [
    'a proxy that throws',
    `show(() => new Proxy({}, { ownKeys() { throw new Error('keys'); } }))`,
    failed('keys'),
  ],
  [
    'a bundle with a getter that throws',
    `show(() => ({ get 'text/html'() { throw new Error('got'); } }))`,
    failed('text/html: got'),
  ],
  [
    'BigInt in JSON',
    `show(() => ({ 'application/json': { big: 1n } }))`,
    failed('application/json: .*bigint.*'),
  ],
  [
    'a cycle in JSON',
    `show(() => ({ 'application/json': circular }))`,
    failed('application/json: it contains itself.*'),
  ],
  [
    'a function in JSON',
    `show(() => ({ 'application/json': { f() {} } }))`,
    failed('application/json: "f" is a function.*'),
  ],
  [
    'a function for text',
    `show(() => ({ 'text/html': () => '<b>' }))`,
    failed('text/html: .*got a function'),
  ],
  ['a number for text', `show(() => ({ 'text/html': 5 }))`, failed('text/html: .*got a number')],
  [
    'an object for a type that is no JSON',
    `show(() => ({ 'application/foo': {} }))`,
    failed('application/foo: .*got an object'),
  ],
  [
    'undefined for text',
    `show(() => ({ 'text/html': undefined }))`,
    failed('text/html: .*got undefined'),
  ],
  [
    'toJSON that throws',
    `show(() => ({ 'application/json': { toJSON() { throw new Error('json'); } } }))`,
    failed('application/json: json'),
  ],
  [
    'a view that is no function',
    `show('text')`,
    inspected({ tag: 7, [Symbol.for('Jupyter.display')]: 'text' }),
  ],
  ['an async view', `show(async () => ({ 'text/plain': 'fine' }))`, 'fine'],
  ['lines', `show(() => ({ 'text/plain': ['a\\n', 'b'] }))`, ['a\n', 'b']],
  [
    'a static display',
    `class Show { static [Symbol.for('Jupyter.display')]() { throw new Error('static'); } }; Show`,
    '[class Show]\n(its view failed: static)',
  ],
  [
    'a getter for the view',
    `({ tag: 7, get [Symbol.for('Jupyter.display')](): unknown { throw new Error('getter'); } })`,
    failed('getter'),
  ],
  [
    'metadata that throw',
    `({ tag: 7, get [Symbol.for('kernel.metadata')](): unknown { throw new Error('meta'); } })`,
    expect.stringMatching(/tag: 7[^]*\n\(its metadata failed: meta\)$/),
  ],
  [
    'metadata with a cycle',
    `({ tag: 7, [Symbol.for('kernel.metadata')]: circular })`,
    expect.stringMatching(/\n\(its metadata failed: .*it contains itself/),
  ],
  [
    'metadata that are a string',
    `({ tag: 7, [Symbol.for('kernel.metadata')]: 'alt' })`,
    expect.stringMatching(/\n\(its metadata failed: .*got a string\)$/),
  ],
  ['a circular object', `circular`, '<ref *1> { self: [Circular *1] }'],
  ['BigInt', `10n ** 20n`, '100000000000000000000n'],
  ['a symbol', `Symbol('s')`, 'Symbol(s)'],
  ['minus zero', `-0`, '-0'],
  ['a function', `kernel.f = function named() {}`, '[Function: named]'],
  ['a promise', `({ p: Promise.resolve(1) })`, '{ p: Promise { 1 } }'],
  ['an object without prototype', `Object.create(null)`, '[Object: null prototype] {}'],
  [
    'a revoked proxy',
    `const revoked = Proxy.revocable({}, {}); revoked.revoke(); revoked.proxy`,
    expect.stringMatching(/^<Revoked Proxy>\n\(its view failed: .*revoked\)$/),
  ],
  [
    'a proxy whose every trap throws',
    `new Proxy({ a: 1 }, new Proxy({}, { get() { throw new Error('trap'); } }))`,
    `${inspected(new Proxy({ a: 1 }, {}))}\n(its view failed: trap)`,
  ],
  [
    'a proxy that has every method',
    `new Proxy({ a: 1 }, { get: () => () => 1 })`,
    expect.stringMatching(/^(Proxy\()?\{ a: 1 \}\)?\n\(its view failed: .*got a number\)$/),
  ],
  ['a getter that throws', `({ get a(): number { throw new Error('a'); } })`, '{ a: [Getter] }'],
  [
    'toString that throws',
    `({ toString() { throw new Error('s'); } })`,
    '{ toString: [Function: toString] }',
  ],
  [
    'inspect.custom that throws',
    `({ a: 1, [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('i'); } })`,
    expect.stringContaining('a: 1'),
  ],
  [
    'toStringTag that throws',
    `Object.defineProperty({}, Symbol.toStringTag, { get() { throw new Error('t'); } })`,
    inspected(throwing),
  ],
  [
    'a huge string',
    `'x'.repeat(10_000_000)`,
    expect.stringMatching(/^'x{10000}'\.\.\. 9990000 more characters$/),
  ],
  [
    'an array of a million',
    `Array.from({ length: 1_000_000 }, (_, i) => i)`,
    expect.stringContaining('more items'),
  ],
  [
    'a library’s view that throws',
    `kernel.before = kernel[Symbol.for('kernel.view')];
kernel[Symbol.for('kernel.view')] = () => { throw new Error('library'); }; ({ tag: 7 })`,
    failed('library'),
  ],
  [
    'and gives null',
    `kernel[Symbol.for('kernel.view')] = () => null; ({ tag: 7 })`,
    failed('.*got null'),
  ],
  [
    'and gives a rejection',
    `kernel[Symbol.for('kernel.view')] = () => Promise.reject(new Error('no')); ({ tag: 7 })`,
    failed('no'),
  ],
  ['and is back', `kernel[Symbol.for('kernel.view')] = kernel.before; [1, 2]`, '[ 1, 2 ]'],
];

/** [what, cell, name, message]: the cell is red, with this error. */
const red: [string, string, string, unknown][] = [
  [
    'a display of BigInt',
    `shown({ 'application/json': { big: 1n } })`,
    'TypeError',
    expect.stringMatching(/application\/json: "big" is a bigint/),
  ],
  [
    'a display of a cycle',
    `shown({ 'application/json': circular })`,
    'TypeError',
    expect.stringMatching(/application\/json: it contains itself/),
  ],
  [
    'a display of a function',
    `shown({ 'text/html': () => 1 })`,
    'TypeError',
    expect.stringMatching(/text\/html: expected a string or bytes, got a function/),
  ],
  [
    'a display of a number',
    `shown({ 'text/plain': 1, 'text/html': '<b>' })`,
    'TypeError',
    expect.stringMatching(/text\/plain: .*got a number/),
  ],
  ['a display of nothing', `shown({})`, 'TypeError', expect.stringMatching(/needs data.*empty/)],
  ['a display of null', `shown(null)`, 'TypeError', expect.stringMatching(/needs data.*got null/)],
  [
    'a display of a string',
    `shown('text')`,
    'TypeError',
    expect.stringMatching(/needs data.*got a string/),
  ],
  [
    'metadata with a cycle',
    `shown({ 'text/plain': 'a' }, circular)`,
    'TypeError',
    expect.stringMatching(/metadata: it contains itself/),
  ],
  [
    'an update without its name',
    `kernel[Symbol.for('kernel.display')]()({ data: { 'text/plain': 'a' }, update: true })`,
    'TypeError',
    expect.stringMatching(/needs the displayId/),
  ],
  [
    'a name that is no string',
    `kernel[Symbol.for('kernel.display')]()({ data: { 'text/plain': 'a' }, displayId: 5 })`,
    'TypeError',
    expect.stringMatching(/displayId is a string, got a number/),
  ],
  ['an error', `throw new RangeError('plain')`, 'RangeError', 'plain'],
  ['a frozen error', `throw Object.freeze(new Error('cold'))`, 'Error', 'cold'],
  [
    'an error with a cause',
    `throw new Error('outer', { cause: new Error('inner') })`,
    'Error',
    'outer',
  ],
  [
    'several errors',
    `throw new AggregateError([new Error('a'), new Error('b')], 'both')`,
    'AggregateError',
    'both',
  ],
  ['an error without a name', `throw Object.assign(new Error('x'), { name: '' })`, 'Error', 'x'],
  [
    'an error with a symbol for a name',
    `throw Object.assign(new Error('x'), { name: Symbol('n') })`,
    'Symbol(n)',
    'x',
  ],
  [
    'an error whose name throws',
    `throw Object.defineProperty(new Error('x'), 'name', { get() { throw new Error('n'); } })`,
    'Error',
    'x',
  ],
  [
    'an error whose message throws',
    `throw Object.defineProperty(new Error('x'), 'message', { get() { throw new Error('m'); } })`,
    'Error',
    'its message cannot be read',
  ],
  [
    'an error whose stack throws',
    `throw Object.defineProperty(new Error('x'), 'stack', { get() { throw new Error('s'); } })`,
    'Error',
    'x',
  ],
  [
    'an error that cannot be inspected',
    `throw Object.assign(new Error('x'), { [Symbol.for('nodejs.util.inspect.custom')]() { throw 1; } })`,
    'Error',
    'x',
  ],
  [
    'an error that contains itself',
    `const loop: any = new Error('x'); loop.self = loop; throw loop`,
    'Error',
    'x',
  ],
  ['a proxy of an error', `throw new Proxy(new Error('x'), {})`, 'Error', 'x'],
  [
    'a proxy of an error whose traps throw',
    `throw new Proxy(new Error('x'), { get() { throw 1; }, getPrototypeOf() { throw 2; } })`,
    'Thrown',
    expect.stringContaining('Error: x'),
  ],
  [
    'a revoked proxy',
    `const gone = Proxy.revocable({}, {}); gone.revoke(); throw gone.proxy`,
    'Thrown',
    '<Revoked Proxy>',
  ],
  [
    'an object without prototype',
    `throw Object.create(null)`,
    'Thrown',
    '[Object: null prototype] {}',
  ],
  [
    'an object whose message throws',
    `throw { get message() { throw 1; } }`,
    'Thrown',
    '{ message: [Getter] }',
  ],
  [
    'an object that pretends',
    `throw { message: 'm', name: 'N' }`,
    'Thrown',
    "{ message: 'm', name: 'N' }",
  ],
  ['a string', `throw 'text'`, 'Thrown', "'text'"],
  ['a number', `throw 0`, 'Thrown', '0'],
  ['null', `throw null`, 'Thrown', 'null'],
  ['undefined', `throw undefined`, 'Thrown', 'undefined'],
  ['BigInt', `throw 1n`, 'Thrown', '1n'],
  ['a symbol', `throw Symbol('s')`, 'Thrown', 'Symbol(s)'],
  ['a function', `throw function f() {}`, 'Thrown', '[Function: f]'],
  ['a promise', `throw Promise.resolve(1)`, 'Thrown', 'Promise { 1 }'],
  ['a thenable', `throw { then() {} }`, 'Thrown', '{ then: [Function: then] }'],
  [
    'a rejection with a proxy',
    `await Promise.reject(new Proxy({}, { get() { throw 1; } }))`,
    'Thrown',
    inspected(new Proxy({}, {})),
  ],
  ['a rejection with nothing', `await Promise.reject()`, 'Thrown', 'undefined'],
];

let outcomes: Outcome[];

beforeAll(async () => {
  outcomes = (await runCells([HEAD, ...[...green, ...red].map(([, code]) => code)])).slice(1);
}, 240_000);

describe('a value is shown whatever its view does', () => {
  it.each(green.map(([name, , text], index) => [name, index, text] as const))(
    '%s',
    (_, index, text) => {
      const { reply, outputs, unsaved } = outcomes[index] as Outcome;
      expect(reply).toMatchObject({ status: 'ok' });
      expect(outputs.map(({ type }) => type)).toEqual(['execute_result']);
      expect(outputs[0]?.data?.['text/plain']).toEqual(text);
      expect(unsaved).toBeNull();
    },
  );

  it('what is right of a view is shown beside what is not', async () => {
    const [, partly, binary] = await runCells([
      HEAD,
      `show(() => ({ 'text/html': '<b>', 'image/png': 5 }))`,
      `show(() => ({ 'image/png': new Uint8Array([1, 2]), 'image/gif': new Uint8Array([3]).buffer, 'text/plain': 'x' }))`,
    ]);
    expect(partly?.outputs[0]?.data).toEqual({
      'text/html': '<b>',
      'text/plain': failed('image/png: .*got a number'),
    });
    expect(binary?.outputs[0]?.data).toEqual({
      'image/png': 'AQI=',
      'image/gif': 'Aw==',
      'text/plain': 'x',
    });
  }, 60_000);
});

describe('an error is told whatever was thrown', () => {
  it.each(red.map(([name, , ename, evalue], index) => [name, index, ename, evalue] as const))(
    '%s',
    (_, index, ename, evalue) => {
      const { reply, outputs, unsaved } = outcomes[green.length + index] as Outcome;
      expect(reply).toMatchObject({ status: 'error', ename, evalue });
      expect(outputs).toMatchObject([{ type: 'error', ename, evalue }]);
      expect(outputs[0]?.traceback?.every((line) => typeof line === 'string')).toBe(true);
      expect(unsaved).toBeNull();
    },
  );
});
