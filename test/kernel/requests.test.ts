import { beforeAll, describe, expect, it } from 'vitest';
import { askKernel, type Meanwhile, type Outcome, type Request } from '../support/kernel';

/** Answers and their order are those of ipykernel 7.4, where it can be asked the same. */
const busyAndIdle = [
  ['status', 'busy'],
  ['status', 'idle'],
];

const ask = (
  type: string,
  content: object = {},
  channel: 'shell' | 'control' = 'shell',
): Request => ({
  type,
  content: content as Request['content'],
  channel,
});

describe('is_complete', () => {
  const states: Record<'complete' | 'incomplete' | 'invalid', string[]> = {
    complete: [
      '{ a: 1, b: 2 }', // an object, as in Node's REPL
      '',
      '%time f()',
      '%%time\nawait f()',
      '!ls -la',
      '%matplotlib inline',
      '  ',
      '// x',
      '/* done */',
      '1 + 2',
      'await x',
      'await (async () => 1)()',
      'for await (const a of b) {}',
      'const id = <T>(v: T) => v;',
      'const id = <T,>(v: T) => v',
      '<any>5',
      'const f = async <T>(x: T) => await x',
      'f<number>(1)',
      'new Map<string, number>()',
      'x as const',
      'a satisfies B',
      'let x!: number',
      'async',
      'async () => {}',
      'if (a) b;',
      'do {} while (a)',
      'try {} catch {}',
      'label: for (;;) break label',
      '@dec class A {}',
      'class A { @dec() m() {} }',
      'class A { #p = 1; static { } }',
      '`a ${b} c`',
      '`two\nlines`',
      '/ab+c/g',
      'a / b / c',
      "import x from 'y'",
      'import type { A } from "b"',
      'export const a = 1',
      'using r = f();',
      'enum E { A }',
      'namespace N { export const a = 1 }',
      'type A<T> = T extends infer U ? U : never',
      'declare const z: number;',
      "'it\\'s'",
      '"a\\\nb"',
      '({ a: 1 })',
      'x?.y ?? z',
      '1n',
      'a = b // {',
      'a /* { */',
      "const s = '😀'",
      'function f() {}\n\n',
      'abstract class A { abstract m(): void }',
      'var a = 1, b',
      '0xff',
      '() => ({})',
    ],
    incomplete: [
      '%time f(',
      '%%time\nfor (;;) {',
      'a = ',
      'a =',
      'a = \n',
      'a = // why',
      'a = /* why */',
      'a +',
      'a &&',
      'a ?? ',
      'a ? b',
      'a ? b :',
      'a,',
      'a?.',
      'foo.',
      'foo(',
      'foo(1,',
      'foo(() => {',
      '!',
      '-',
      'typeof',
      'new',
      'await',
      'x as',
      'x = (',
      '[1, 2',
      'const a = [1,',
      'a = [\n  1,\n\n\n',
      '{',
      '({ a: 1,',
      'const a = {\n  b: [',
      'function',
      'function f(',
      'function f() {',
      'function f() {\n\n',
      'async function',
      '(a, b) =>',
      'async () =>',
      'async (a',
      'const f = <T',
      'const f = <T>(',
      'const f = <T>(v: T) =>',
      '<any>',
      'f<',
      'if (a)',
      'if (a) {\n  b;',
      'if (a) b; else',
      'try {',
      'try {}',
      'do {',
      'do {} while (',
      'while (a',
      'switch (x) { case 1:',
      'for (let i = 0; i < 3',
      'for (const a of',
      'class A {',
      'class A extends',
      'class A { m() {',
      'class A { @dec',
      '@dec',
      '@dec()',
      'abstract class',
      'interface A {',
      'enum E { A,',
      'namespace N {',
      'type A =',
      'let x: ',
      'let',
      'const',
      'const {a',
      'import {',
      'import { a }',
      'import { a } from',
      'export',
      'export default',
      'export async',
      'return (',
      '`open',
      '`a ${',
      '`a ${b',
      '`a ${b}',
      '/* open',
      '/** open',
      '"abc\\',
    ],
    invalid: [
      '%time let a a',
      'const = 1',
      'let a a',
      ')',
      '}',
      ']',
      'a = )',
      'foo)',
      'foo(,)',
      '[1 2]',
      '({ a 1 })',
      'let x = ;',
      'let x: = 1',
      'if a {',
      'a ++ b',
      'a b c',
      'const a = 1 2',
      'a = 1 +* 2',
      'a..b',
      '...',
      "'abc",
      '"abc',
      "'a\nb'",
      '/abc',
      '/[a',
      '1abc',
      '0x',
      '1e',
      '0b',
      'function 1() {}',
      'async function 1',
      'enum { A }',
      'else {}',
      'catch (e) {}',
      'case 1:',
      'export export',
      '#',
      '\\',
      '<div>hi</div>',
      'a = <div/>;',
      '<>a</>',
      'let a a `x',
      'a b /* c',
      '<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x',
    ],
  };
  const indents: [string, string][] = [
    ['function f() {', '  '],
    ['f(() => {', '  '],
    ['class A {\n  m() {', '    '],
    ['a = [', '  '],
    ['x = {\n  a: 1,', '  '],
    ['if (a) {\n  b;\n}\nelse {', '  '],
    ['a =', ''],
    ['`open', ''],
    ['/* o', ''],
  ];
  const codes = [...Object.values(states).flat(), ...indents.map(([code]) => code)];
  let answers: Map<string, Outcome>;

  beforeAll(async () => {
    const steps = codes.map((code) => [ask('is_complete_request', { code })]);
    const outcomes = await askKernel(steps);
    answers = new Map(codes.map((code, index) => [code, outcomes[index]?.[0] as Outcome]));
  }, 60_000);

  it.each(Object.entries(states))('%s', (status, list) => {
    const wrong = list.filter((code) => answers.get(code)?.reply?.status !== status);
    expect(wrong).toEqual([]);
  });

  it.each(indents)('indents after %j', (code, indent) => {
    expect(answers.get(code)?.reply).toMatchObject({
      msg_type: 'is_complete_reply',
      status: 'incomplete',
      indent,
    });
  });

  it('is announced', () => {
    expect(answers.get('1 + 2')?.published).toEqual(busyAndIdle);
  });
});

describe('positions are code points', () => {
  /** The cursor is at `|`; what is completed is `sq` of `Math.sq`, or the name asked about is `max`. */
  const completions = [
    'Math.sq|',
    "const s = '😀'; Math.sq|",
    "const s = '😀😀😀'; Math.sq|",
    "const s = '😀'; Math.sq|; const t = '😀';",
    '/* 👩‍👩‍👧 𝔘 */ Math.sq|',
    "const s = 'é é'; Math.sq|",
    '// 😀\nMath.sq|',
    "const s = '😀';\r\nMath.sq|",
    "f('😀', Math.sq|)",
  ];
  const inspections = [
    'Math.ma|x',
    "const s = '😀'; Math.ma|x",
    "['😀😀😀😀', Math.ma|x(1)]",
    '/* 𝔘 */\nMath.m|ax',
  ];
  const beyond = [undefined, null, 999];
  const beside = "const s = '😀'; Math.sq";
  const at = (code: string) => [...code.slice(0, code.indexOf('|'))].length;
  const plain = (code: string) => code.replace('|', '');
  let outcomes: Outcome[];

  beforeAll(async () => {
    const asked = [
      ...completions.map((code) =>
        ask('complete_request', { code: plain(code), cursor_pos: at(code) }),
      ),
      ...inspections.map((code) =>
        ask('inspect_request', { code: plain(code), cursor_pos: at(code), detail_level: 0 }),
      ),
      ...beyond.map((position) => ask('complete_request', { code: beside, cursor_pos: position })),
      ask('complete_request', { code: beside, cursor_pos: -1 }),
    ];
    outcomes = (await askKernel(asked.map((request) => [request]))).map(
      ([outcome]) => outcome as Outcome,
    );
  }, 120_000);

  it.each(completions.map((code, index) => [code, index] as const))(
    'completes %j',
    (code, index) => {
      const { reply } = outcomes[index] as Outcome;
      expect(reply).toMatchObject({
        status: 'ok',
        cursor_start: at(code) - 2,
        cursor_end: at(code),
      });
      expect(reply?.matches).toContain('sqrt');
    },
  );

  it.each(inspections.map((code, index) => [code, index] as const))('inspects %j', (_, index) => {
    const { reply } = outcomes[completions.length + index] as Outcome;
    expect(reply).toMatchObject({ status: 'ok', found: true });
    expect((reply?.data as Record<string, string>)['text/plain']).toContain('max(');
  });

  it.each(beyond.map((position, index) => [position, index] as const))(
    'takes the position %s for the end',
    (_, index) => {
      const { reply } = outcomes[completions.length + inspections.length + index] as Outcome;
      expect(reply).toMatchObject({ status: 'ok', cursor_start: 20, cursor_end: 22 });
    },
  );

  it('answers a negative one', () => {
    expect(outcomes.at(-1)?.reply).toMatchObject({ status: 'ok', cursor_start: 0 });
  });
});

describe('execute', () => {
  let outcomes: Outcome[][];
  const steps: Request[][] = [
    [{ code: '1' }],
    [{ code: '2', options: { store_history: false } }],
    [{ code: '3', options: { silent: true } }],
    [{ code: '4' }],
    [{ code: 'throw 1', options: { store_history: false } }],
    [{ code: "console.log('silent'); 5", options: { silent: true } }],
    [{ code: 'throw new Error("silent")', options: { silent: true } }],
    [
      {
        code: 'const five = 5;',
        options: {
          user_expressions: {
            sum: '40 + 2',
            name: 'five',
            record: '{ a: 1 } // done',
            nothing: 'undefined',
            awaited: 'await Promise.resolve(7)',
            view: "({ [Symbol.for('Jupyter.display')]: () => ({ 'text/html': '<b>' }) })",
            badView: "({ [Symbol.for('Jupyter.display')]: () => { throw new Error('view'); } })",
            unknown: 'nope',
            thrown: "(() => { throw new RangeError('far'); })()",
            broken: '1 +',
            printed: "console.log('by an expression')",
          },
        },
      },
    ],
    [{ code: 'throw new Error("x")', options: { user_expressions: { sum: '40 + 2' } } }],
    [{ code: '1', options: { silent: true, user_expressions: { sum: '40 + 2' } } }],
    [{ code: '1', options: { user_expressions: null } }],
    [{ code: '6' }],
    [ask('history_request', { hist_access_type: 'tail', n: 50, raw: true, output: false })],
  ];
  const one = (index: number) => outcomes[index]?.[0] as Outcome;
  const counts = () =>
    outcomes.slice(0, -1).map(([outcome]) => outcome?.reply?.execution_count as number);

  beforeAll(async () => {
    outcomes = await askKernel(steps);
  }, 120_000);

  it('counts what is stored, as ipykernel does', () => {
    const [first = 0] = counts();
    expect(counts().map((count) => count - first)).toEqual([0, 0, 0, 1, 1, 1, 1, 2, 3, 3, 4, 5]);
    expect(one(1).input?.execution_count).toBe(first + 1);
    expect(one(3).outputs[0]?.execution_count).toBe(first + 1);
  });

  it('is silent when asked to be, but for what is printed', () => {
    expect(one(2).published).toEqual(busyAndIdle);
    expect(one(5).outputs).toMatchObject([{ type: 'stream', name: 'stdout', text: 'silent\n' }]);
    expect(one(5).input).toBeNull();
    expect(one(6).published).toEqual(busyAndIdle);
    expect(one(6).reply).toMatchObject({ status: 'error', ename: 'Error', evalue: 'silent' });
  });

  it('keeps what is stored in the history alone', () => {
    const codes = (one(12).reply?.history as [number, number, string][]).map(([, , code]) => code);
    expect(codes.slice(1)).toEqual(['1', '4', 'const five = 5;', 'throw new Error("x")', '1', '6']);
  });

  it('evaluates expressions', () => {
    const text = (plain: string) => ({ status: 'ok', data: { 'text/plain': plain }, metadata: {} });
    expect(one(7).reply?.user_expressions).toMatchObject({
      sum: text('42'),
      name: text('5'),
      record: text('{ a: 1 }'),
      nothing: text('undefined'),
      awaited: text('7'),
      view: { status: 'ok', data: { 'text/html': '<b>' } },
      badView: { status: 'ok' },
      unknown: {
        status: 'error',
        ename: 'TypeScriptError',
        evalue: expect.stringContaining('nope is not defined') as string,
      },
      thrown: { status: 'error', ename: 'RangeError', evalue: 'far' },
      broken: { status: 'error', ename: 'TypeScriptError' },
      printed: text('undefined'),
    });
    expect(one(7).outputs).toMatchObject([{ type: 'stream', text: 'by an expression\n' }]);
  });

  it('evaluates none after a failure, and none that are not there', () => {
    expect(one(8).reply).toMatchObject({ status: 'error', user_expressions: {} });
    expect(one(9).reply).toMatchObject({
      status: 'ok',
      user_expressions: { sum: { status: 'ok' } },
    });
    expect(one(10).reply).toMatchObject({ status: 'ok', user_expressions: {} });
  });
});

describe('a failed cell', () => {
  const fail = 'await new Promise((done) => setTimeout(done, 200)); throw new Error("x")';
  const block = 'const until = Date.now() + 300; while (Date.now() < until); throw new Error("x")';
  const state = (outcome: Outcome | undefined) => outcome?.reply?.status;
  let outcomes: Outcome[][];

  beforeAll(async () => {
    outcomes = await askKernel([
      [{ code: fail }, { code: '1' }, { code: '2' }, ask('kernel_info_request')],
      [{ code: '3' }],
      [{ code: block }, { code: '1' }, { code: '2' }],
      [{ code: '4' }],
      [{ code: fail, options: { stop_on_error: false } }, { code: '1' }],
      [{ code: fail, options: { silent: true } }, { code: '1' }],
      [{ code: fail }, { code: '1', options: { silent: true } }],
      ...Array.from({ length: 5 }, () => [[{ code: 'throw 1' }], [{ code: '1' }]]).flat(),
      [{ code: 'const bad: number = "a"' }],
      [{ code: '5' }],
    ]);
  }, 120_000);

  it('refuses what waited, after its own answer', () => {
    const [failed, first, second, info] = outcomes[0] as [Outcome, Outcome, Outcome, Outcome];
    expect([failed, first, second, info].map(state)).toEqual(['error', 'aborted', 'aborted', 'ok']);
    expect([failed, first, second].map(({ rank }) => rank)).toEqual([1, 2, 3]); // kernel_info is first
    expect(first.reply).toEqual({ msg_type: 'execute_reply', status: 'aborted' });
    expect(first.published).toEqual(busyAndIdle);
    expect(first.input).toBeNull();
  });

  it('refuses what was sent while it kept the kernel from reading', () => {
    expect(outcomes[2]?.map(state)).toEqual(['error', 'aborted', 'aborted']);
  });

  it('refuses nothing that is sent after its answer', () => {
    expect([outcomes[1], outcomes[3]].map((step) => state(step?.[0]))).toEqual(['ok', 'ok']);
    expect(outcomes.slice(7).map(([outcome]) => state(outcome))).toEqual([
      ...Array.from({ length: 5 }, () => ['error', 'ok']).flat(),
      'error',
      'ok',
    ]);
  });

  it('refuses nothing when asked so, or silent', () => {
    expect(outcomes[4]?.map(state)).toEqual(['error', 'ok']);
    expect(outcomes[5]?.map(state)).toEqual(['error', 'ok']);
    expect(outcomes[6]?.map(state)).toEqual(['error', 'aborted']);
  });
});

describe('other requests', () => {
  let outcomes: Outcome[];
  const requests: Request[] = [
    ask('comm_open', { comm_id: 'abc', target_name: 'none', data: {} }),
    ask('comm_msg', { comm_id: 'zz', data: {} }),
    ask('comm_close', { comm_id: 'zz', data: {} }),
    ask('comm_info_request', { target_name: 'jupyter.widget' }),
    ask('comm_info_request'),
    ask('unknown_request'),
    ask('unknown_request', {}, 'control'),
    ask('kernel_info_request', {}, 'control'),
    ask('usage_request', {}, 'control'),
    ask('usage_request', {}, 'control'),
    ask(
      'debug_request',
      { type: 'request', seq: 7, command: 'debugInfo', arguments: {} },
      'control',
    ),
    ask('complete_request', {}),
    ask('is_complete_request', {}),
    ask('history_request', {
      hist_access_type: 'search',
      pattern: '[*',
      n: 1,
      raw: true,
      output: true,
    }),
    ask('interrupt_request', {}, 'control'),
  ];

  beforeAll(async () => {
    outcomes = (await askKernel(requests.map((request) => [request]))).map(
      ([outcome]) => outcome as Outcome,
    );
  }, 120_000);

  it('closes a comm that nobody knows, and takes no notice of others', () => {
    expect(outcomes[0]?.outputs).toEqual([{ type: 'comm_close', comm_id: 'abc', data: {} }]);
    expect(outcomes[0]?.published.at(-1)).toEqual(['status', 'idle']);
    expect(outcomes.slice(1, 3).map(({ published }) => published)).toEqual([
      busyAndIdle,
      busyAndIdle,
    ]);
    for (const { reply } of outcomes.slice(3, 5))
      expect(reply).toEqual({ msg_type: 'comm_info_reply', status: 'ok', comms: {} });
  });

  it('announces each, on both channels', () => {
    for (const { published, outputs } of outcomes) {
      expect([published[0], published.at(-1)]).toEqual(busyAndIdle);
      expect(outputs.length).toBe(published.length - 2);
    }
  });

  it('says what it is on the control channel', () => {
    expect(outcomes[7]?.reply).toMatchObject({
      status: 'ok',
      protocol_version: '5.3',
      language_info: { name: 'typescript', file_extension: '.ts' },
    });
  });

  it('says what it uses', () => {
    const reply = outcomes[9]?.reply as Record<string, number>;
    const { total, available, percent } = reply.host_virtual_memory as unknown as Record<
      string,
      number
    >;
    expect(reply.msg_type).toBe('usage_reply');
    expect(reply.kernel_memory).toBeGreaterThan(50 * 2 ** 20);
    expect(reply.kernel_memory).toBeLessThan(total as number);
    expect(reply.kernel_cpu).toBeGreaterThanOrEqual(0);
    expect(available).toBeLessThan(total as number);
    expect(percent).toBeCloseTo(100 * (1 - (available as number) / (total as number)), 0);
  });

  it('declines the debugger', () => {
    expect(outcomes[10]?.reply).toMatchObject({
      msg_type: 'debug_reply',
      status: 'error',
      success: false,
      request_seq: 7,
      command: 'debugInfo',
    });
  });

  it('answers what lacks its fields', () => {
    expect(outcomes.slice(11, 13).map(({ reply }) => reply?.status)).toEqual(['error', 'error']);
    expect(outcomes[13]?.reply).toMatchObject({
      msg_type: 'history_reply',
      status: 'ok',
      history: [],
    });
    expect(outcomes[14]?.reply).toMatchObject({ msg_type: 'interrupt_reply', status: 'ok' });
  });
});

describe('while a cell runs', () => {
  const wait = (ms: number) =>
    `console.log('on'); await new Promise((done) => setTimeout(done, ${ms})); 1`;
  const stop = ask('interrupt_request', {}, 'control');
  let outcomes: Meanwhile[];

  beforeAll(async () => {
    outcomes = await askKernel<Meanwhile>([
      {
        meanwhile: { code: wait(5000) },
        ask: [
          ask('kernel_info_request', {}, 'control'),
          ask('kernel_info_request'),
          ask('complete_request', { code: 'Math.sq', cursor_pos: 7 }),
          ask('usage_request', {}, 'control'),
        ],
        connect: true,
      },
      {
        meanwhile: {
          code: "({ tag: 7, [Symbol.for('Jupyter.display')]: () => { console.log('on'); return new Promise(() => {}); } })",
        },
        ask: [stop],
      },
      {
        meanwhile: {
          code: "({ tag: 7, [Symbol.for('Jupyter.display')]() { console.log('on'); for (;;); } })",
        },
        stop: true,
      },
      { meanwhile: { code: wait(200) } },
    ]);
  }, 120_000);

  it('answers what asks for no cell', () => {
    expect(outcomes[0]?.wasRunning).toBe(true);
    for (const { reply } of outcomes[0]?.asked ?? []) expect(reply).not.toBeNull();
  });

  it('is shown busy to who comes later', () => {
    expect(outcomes[0]?.connected?.answered).toBe(true);
    expect(outcomes[0]?.connected?.states.at(-1)).toBe('busy');
    const states = outcomes[0]?.meanwhile.published
      .filter(([type]) => type === 'status')
      .map(([, state]) => state);
    expect(states?.at(-1)).toBe('idle');
    expect(states?.slice(0, -1).every((state) => state === 'busy')).toBe(true);
  });

  it('stops a view that never comes, and the cell stays green', () => {
    for (const outcome of outcomes.slice(1, 3)) {
      expect(outcome.meanwhile.reply?.status).toBe('ok');
      const { data } = outcome.meanwhile.outputs.at(-1) ?? {};
      expect(data?.['text/plain']).toMatch(/tag: 7[^]*\n\(its view failed: stopped\)$/);
    }
    expect(outcomes[3]?.meanwhile.reply?.status).toBe('ok');
  });
});
