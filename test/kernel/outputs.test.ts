import { beforeAll, describe, expect, it } from 'vitest';
import { type Outcome, printed, runCells } from '../support/kernel';

const HEAD = `import cp from 'node:child_process'; import fs from 'node:fs';
import { once } from 'node:events'; import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';`;

/** [what, cell, what is shown]; what Node prints on a terminal is right. */
const cases: [string, string, string[][]][] = [
  // Bytes cut within a character
  [
    'two writes of €',
    `process.stdout.write(Buffer.from([0xe2, 0x82]));
process.stdout.write(Buffer.from([0xac])); undefined;`,
    [['stdout', '€']],
  ],
  [
    'an emoji byte by byte',
    `for (const byte of Buffer.from('a😀b')) process.stdout.write(new Uint8Array([byte]));`,
    [['stdout', 'a😀b']],
  ],
  [
    'an emoji in halves of UTF-16',
    `process.stdout.write('\\ud83d'); process.stdout.write('\\ude00'); undefined;`,
    [['stdout', '😀']],
  ],
  [
    'on stderr',
    `process.stderr.write(Buffer.from([0xc3])); process.stderr.write(Buffer.from([0xa9])); undefined;`,
    [['stderr', 'é']],
  ],
  [
    'both streams in turn',
    `process.stdout.write(Buffer.from([0xc3])); process.stderr.write('-');
process.stdout.write(Buffer.from([0xa9])); undefined;`,
    [
      ['stderr', '-'],
      ['stdout', 'é'],
    ],
  ],
  [
    'half a character at the end',
    `process.stdout.write(Buffer.from([0x61, 0xe2, 0x82])); undefined;`,
    [['stdout', 'a\ufffd']],
  ],
  [
    'half a character, then text',
    `process.stdout.write(Buffer.from([0xe2, 0x82])); console.log('x');`,
    [['stdout', '\ufffdx\n']],
  ],
  [
    'bytes that are no UTF-8',
    `process.stdout.write(Buffer.from([0xff, 0x41])); undefined;`,
    [['stdout', '\ufffdA']],
  ],
  [
    'half a character before a value',
    `process.stdout.write(Buffer.from([0xe2])); 5`,
    [['stdout', '\ufffd'], ['execute_result']],
  ],
  [
    'half a character before an error',
    `process.stdout.write(Buffer.from([0xe2])); throw new Error('x')`,
    [['stdout', '\ufffd'], ['error']],
  ],
  [
    'half a character past JavaScript',
    `fs.writeSync(1, Buffer.from([0xe2, 0x82])); undefined;`,
    [['stdout', '\ufffd']],
  ],
  // Signatures of write
  [
    'a callback',
    `await new Promise<void>((done) => process.stdout.write('hi', () => done()));`,
    [['stdout', 'hi']],
  ],
  [
    'a callback after an encoding',
    `await new Promise<void>((done) => process.stderr.write('hi', 'utf8', () => done()));`,
    [['stderr', 'hi']],
  ],
  [
    'a callback of bytes',
    `await new Promise<void>((done) => process.stdout.write(new Uint8Array([104]), () => done()));`,
    [['stdout', 'h']],
  ],
  [
    'callbacks in order, after the write',
    `const order: string[] = [];
process.stdout.write('a', () => order.push('1')); process.stdout.write('b', () => order.push('2')); order.push('0');
await new Promise(setImmediate); console.log(order.join(''));`,
    [['stdout', 'ab012\n']],
  ],
  [
    'its value',
    `console.log(process.stdout.write('x'.repeat(100_000)));`,
    [['stdout', `${'x'.repeat(100_000)}true\n`]],
  ],
  [
    'hex and base64',
    `process.stdout.write('c3a9', 'hex'); process.stdout.write('4pyT', 'base64'); undefined;`,
    [['stdout', 'é✓']],
  ],
  ['latin1 is bytes', `process.stdout.write('hé', 'latin1'); undefined;`, [['stdout', 'h\ufffd']]],
  ['utf16le is bytes', `process.stdout.write('hi', 'utf16le'); undefined;`, [['stdout', 'h\0i\0']]],
  [
    'a view of a larger buffer',
    `process.stdout.write(new Uint8Array(Buffer.from('abcdef').buffer.slice(0), 0, 0));
process.stdout.write(Buffer.from('abcdef').subarray(2, 4)); undefined;`,
    [['stdout', 'cd']],
  ],
  [
    'a number is refused',
    `try { (process.stdout as any).write(5); } catch ({ code }: any) { console.log(code); }`,
    [['stdout', 'ERR_INVALID_ARG_TYPE\n']],
  ],
  [
    'nothing makes no box',
    `process.stdout.write(''); process.stderr.write(new Uint8Array(0)); undefined;`,
    [],
  ],
  [
    'write taken off its stream',
    `const { write } = process.stdout; write('free'); undefined;`,
    [['stdout', 'free']],
  ],
  // Streams
  [
    'cork',
    `process.stdout.cork(); process.stdout.write('a'); process.stderr.write('b'); process.stdout.uncork();`,
    [
      ['stderr', 'b'],
      ['stdout', 'a'],
    ],
  ],
  [
    'corked for ever',
    `process.stdout.cork(); process.stdout.write('kept'); undefined;`,
    [['stdout', 'kept']],
  ],
  [
    'end',
    `await new Promise<void>((done) => process.stdout.end('bye', () => done()));`,
    [['stdout', 'bye']],
  ],
  ['after an end', `console.log('still here');`, [['stdout', 'still here\n']]],
  ['after a destroy', `process.stdout.destroy(); console.log('here');`, [['stdout', 'here\n']]],
  [
    'a pipeline',
    `await pipeline(Readable.from(['a', 'b']), process.stdout); console.log('c');`,
    [['stdout', 'abc\n']],
  ],
  [
    'pipe',
    `const source = Readable.from([Buffer.from('p')]); source.pipe(process.stdout); await once(source, 'end'); undefined;`,
    [['stdout', 'p']],
  ],
  [
    'a console of its own',
    `new console.Console(process.stderr).log('own');`,
    [['stderr', 'own\n']],
  ],
  [
    'console.table',
    `console.table([[1]]);`,
    [['stdout', expect.stringContaining('│ 0       │ 1 │') as unknown as string]],
  ],
  [
    'in turn',
    `console.log('a'); console.error('b'); console.log('c'); console.warn('d');`,
    [
      ['stdout', 'a\n'],
      ['stderr', 'b\n'],
      ['stdout', 'c\n'],
      ['stderr', 'd\n'],
    ],
  ],
  [
    'a promise that Node follows',
    `console.log(Promise.resolve(1), (async () => 2)(), await (async () => [Promise.resolve(3)])());`,
    [['stdout', 'Promise { 1 } Promise { 2 } [ Promise { 3 } ]\n']],
  ],
  [
    'a timer',
    `const timer = setTimeout(() => {}, 0); console.log(require('node:util').inspect(timer).includes('server'));`,
    [['stdout', 'false\n']],
  ],
  [
    'captured and given back',
    `const kept = process.stdout.write; let captured = '';
process.stdout.write = ((text: string) => { captured += text; return true; }) as typeof kept;
console.log('inside'); process.stdout.write = kept; console.log([captured]);`,
    [['stdout', "[ 'inside\\n' ]\n"]],
  ],
  // Children
  // Of one child that writes to both at once the order is not known: they are two pipes.
  [
    'execSync, inherit: stdout',
    `cp.execSync('echo out', { stdio: 'inherit' }); undefined;`,
    [['stdout', 'out\n']],
  ],
  [
    'execSync, inherit: stderr',
    `cp.execSync('echo err >&2', { stdio: 'inherit' }); undefined;`,
    [['stderr', 'err\n']],
  ],
  [
    'execSync by default',
    `cp.execSync('echo piped; echo told >&2').toString()`,
    [['stderr', 'told\n'], ['execute_result']],
  ],
  ['execSync without a word', `cp.execSync('echo piped').toString()`, [['execute_result']]],
  [
    'execSync that fails',
    `cp.execSync('echo before; exit 3', { stdio: 'inherit' });`,
    [['stdout', 'before\n'], ['error']],
  ],
  [
    'spawnSync with numbers',
    // One child's two pipes have no order between them, so each is written by a child of its own.
    `cp.spawnSync('sh', ['-c', 'echo x'], { stdio: ['ignore', 1, 2] });
cp.spawnSync('sh', ['-c', 'echo y >&2'], { stdio: ['ignore', 1, 2] }).status`,
    [['stdout', 'x\n'], ['stderr', 'y\n'], ['execute_result']],
  ],
  [
    'crossed over',
    `cp.spawnSync('sh', ['-c', 'echo y >&2'], { stdio: ['ignore', 2, 1] });
cp.spawnSync('sh', ['-c', 'echo x'], { stdio: ['ignore', 2, 1] }).status;`,
    [['stdout', 'y\n'], ['stderr', 'x\n'], ['execute_result']],
  ],
  [
    'streams as stdio',
    `cp.spawnSync('sh', ['-c', 'echo x >&2'], { stdio: ['ignore', process.stderr, process.stdout] }); undefined;`,
    [['stdout', 'x\n']],
  ],
  [
    'execFileSync',
    `cp.execFileSync('printf', ['%s', 'é'], { stdio: 'inherit' }); undefined;`,
    [['stdout', 'é']],
  ],
  [
    'spawn',
    `await once(cp.spawn('sh', ['-c', 'echo 1; sleep 0.1; echo 2'], { stdio: 'inherit' }), 'exit'); console.log(3);`,
    [['stdout', '1\n2\n3\n']],
  ],
  [
    'a child cuts a character',
    `await once(cp.spawn('sh', ['-c', "printf '\\\\342\\\\202'; sleep 0.2; printf '\\\\254'"],
  { stdio: 'inherit' }), 'exit'); undefined;`,
    [['stdout', '€']],
  ],
  [
    'execFile with its stdout piped on',
    `const child = cp.execFile('echo', ['on']); child.stdout!.pipe(process.stdout); await once(child, 'close'); undefined;`,
    [['stdout', 'on\n']],
  ],
  [
    'fork',
    `fs.writeFileSync('/tmp/sdm-fork.cjs', "console.log('forked')");
await once(cp.fork('/tmp/sdm-fork.cjs'), 'exit'); fs.rmSync('/tmp/sdm-fork.cjs');`,
    [['stdout', 'forked\n']],
  ],
  [
    'a child in the order of the cell',
    `console.log('a'); cp.execSync('echo b', { stdio: 'inherit' }); console.log('c');
cp.execSync('echo d >&2', { stdio: 'inherit' }); console.log('e');`,
    [
      ['stdout', 'a\nb\nc\n'],
      ['stderr', 'd\n'],
      ['stdout', 'e\n'],
    ],
  ],
  [
    'scripts that open /dev/stderr',
    `cp.execSync('echo a > /dev/stderr; echo b > /dev/stderr', { stdio: 'inherit' }); undefined;`,
    [['stderr', 'a\nb\n']],
  ],
  [
    'more than a pipe holds, while the cell waits',
    `cp.execSync('seq 1 100000', { stdio: 'inherit' }); undefined;`,
    [['stdout', Array.from({ length: 100_000 }, (_, i) => `${i + 1}\n`).join('')]],
  ],
  [
    'writeSync',
    `fs.writeSync(1, 'a'); process.stdout.write('b'); fs.writeSync(2, 'c'); fs.writeSync(1, 'd'); undefined;`,
    [
      ['stdout', 'ab'],
      ['stderr', 'c'],
      ['stdout', 'd'],
    ],
  ],
  [
    'writeSync of more than a pipe holds',
    `fs.writeSync(1, 'x'.repeat(200_000)); undefined;`,
    [['stdout', 'x'.repeat(200_000)]],
  ],
  [
    'children in the order of their calls',
    `cp.execSync('echo a >&2', { stdio: 'inherit' }); cp.execSync('echo b', { stdio: 'inherit' });
cp.spawnSync('sh', ['-c', 'echo c >&2'], { stdio: 'inherit' }); undefined;`,
    [
      ['stderr', 'a\n'],
      ['stdout', 'b\n'],
      ['stderr', 'c\n'],
    ],
  ],
  ['native code', `(process as any)._rawDebug('from C'); undefined;`, [['stderr', 'from C\n']]],
  [
    'native code, more than a pipe holds',
    `for (let i = 0; i < 2000; i++) (process as any)._rawDebug('x'.repeat(99)); undefined;`,
    [['stderr', `${'x'.repeat(99)}\n`.repeat(2000)]],
  ],
  [
    'TensorFlow',
    `process.env.TF_CPP_MIN_LOG_LEVEL = '0';
require('@tensorflow/tfjs-node-gpu').zeros([2]).add(1); undefined;`,
    [['stderr', expect.stringContaining('TensorFlow') as unknown as string]],
  ],
  [
    'files of the process',
    `fs.writeFileSync('/dev/stdout', 'by file\\n');`,
    [['stdout', 'by file\n']],
  ],
  [
    'a child that reads its stdin is not waited for',
    `cp.spawnSync('cat', { stdio: 'inherit' }).status`,
    [['execute_result']],
  ],
  [
    'a worker prints',
    `import { Worker } from 'node:worker_threads';
await once(new Worker("console.log('from a worker')", { eval: true }), 'exit'); undefined;`,
    [['stdout', 'from a worker\n']],
  ],
];

/** Cells whose text has half a surrogate pair: [what, cell, where it comes as U+FFFD]. */
const illFormed: [string, string, (outcome: Outcome) => unknown, unknown][] = [
  ['a stream', `console.log('😀 a'.slice(0, 1))`, ({ outputs }) => outputs[0]?.text, '\ufffd\n'],
  [
    'the second half',
    `console.log('😀 a'.slice(1))`,
    ({ outputs }) => outputs[0]?.text,
    '\ufffd a\n',
  ],
  [
    'an escaped backslash before it',
    `console.log('\\\\ud83d \\\\\\ud83d')`,
    ({ outputs }) => outputs[0]?.text,
    '\\ud83d \\\ufffd\n',
  ],
  [
    'whole ones stay',
    `console.log('😀\\ud83d\\ude00')`,
    ({ outputs }) => outputs[0]?.text,
    '😀😀\n',
  ],
  ['an error', `throw new Error('\\ud83d')`, ({ outputs }) => outputs[0]?.evalue, '\ufffd'],
  [
    'its name',
    `throw Object.assign(new Error('x'), { name: '\\udc00' })`,
    ({ reply }) => reply?.ename,
    '\ufffd',
  ],
  ['a thrown string', `throw '\\ud83d'`, ({ outputs }) => outputs[0]?.ename, 'Thrown'],
  [
    'a display',
    `(globalThis as any)[Symbol.for('kernel.display')]()({ data: { 'text/html': '\\ud83d' } })`,
    ({ outputs }) => outputs[0]?.data,
    { 'text/html': '\ufffd' },
  ],
  [
    'JSON of a display, and its keys',
    `(globalThis as any)[Symbol.for('kernel.display')]()({ data: { 'application/json': { '\\ud83d': ['\\udc00'] } } })`,
    ({ outputs }) => outputs[0]?.data,
    { 'application/json': { '\ufffd': ['\ufffd'] } },
  ],
  [
    'metadata',
    `(globalThis as any)[Symbol.for('kernel.display')]()({ data: { 'text/plain': 'a' }, metadata: { alt: '\\ud83d' } })`,
    ({ outputs }) => outputs[0]?.metadata,
    { alt: '\ufffd' },
  ],
  [
    'a value’s view',
    `({ [Symbol.for('Jupyter.display')]: () => ({ 'text/plain': '\\ud83d' }) })`,
    ({ outputs }) => outputs[0]?.data,
    { 'text/plain': '\ufffd' },
  ],
];

let shown: Outcome[];
let formed: Outcome[];

beforeAll(async () => {
  const cells = [HEAD, ...[...cases, ...illFormed].map(([, code]) => code)];
  const outcomes = (await runCells(cells)).slice(1);
  shown = outcomes.slice(0, cases.length);
  formed = outcomes.slice(cases.length);
}, 240_000);

describe('what a cell prints', () => {
  it.each(cases.map(([name, , wanted], index) => [name, index, wanted] as const))(
    '%s',
    (_, index, wanted) => {
      const outcome = shown[index] as Outcome;
      expect(printed(outcome)).toEqual(wanted);
      expect(outcome.unsaved).toBeNull();
    },
  );
});

describe('half a surrogate pair is U+FFFD', () => {
  it.each(illFormed.map(([name, , look, wanted], index) => [name, index, look, wanted] as const))(
    '%s',
    (_, index, look, wanted) => {
      const outcome = formed[index] as Outcome;
      expect(look(outcome)).toEqual(wanted);
      expect(outcome.unsaved).toBeNull();
    },
  );
});
