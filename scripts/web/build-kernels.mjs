// Compiles the computations of native/fused to WebAssembly, for the page and for Node without tfjs-node: lib/backend/wasm/fused-binary.ts,
// which is committed, since a user's compiler makes no WebAssembly. By Zig's clang, of the version in requirements-compiler.txt; to be run
// by hand when these sources have changed (test/web/fused.test.ts tells).
//
//   node scripts/web/build-kernels.mjs
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../setup/command.mjs';
import { zigCompiler } from '../setup/compiler.mjs';
import { inRoot, root, venvPython } from '../setup/paths.mjs';
import { sha256 } from '../setup/step.mjs';

const COMPUTATIONS = ['attention.cc', 'conv3x3.cc', 'group-norm.cc', 'rows.cc'];
const HEADERS = ['attention-tiles.h', 'kernels.h', 'simd.h', 'winograd-tiles.h', 'winograd.h'];
const ENTRY = path.join('native', 'wasm', 'exports.cc');
const fused = (name) => path.join('native', 'fused', name);

/** What every browser with SIMD has, too: memory filled and copied by one instruction. */
const COMPILE = [
  ...['-c', '-target', 'wasm32-wasi', '-std=c++17', '-O3', '-msimd128', '-mbulk-memory'],
  ...['-fno-exceptions', '-fno-rtti', '-fno-math-errno', '-fno-trapping-math', '-fno-sanitize=all'],
  ...['-fno-stack-protector', '-fvisibility=hidden', '-ffunction-sections', '-g0', '-DNDEBUG'],
];
const LINK = ['wasm-ld', '--no-entry', '--import-memory', '--export=__stack_pointer', '--strip-all', '--gc-sections']; // prettier-ignore

const file = inRoot('lib', 'backend', 'wasm', 'fused-binary.ts');

/** Of all that the module is made of. */
export function sourcesHash() {
  const names = [ENTRY, ...COMPUTATIONS.map(fused), ...HEADERS.map(fused)];
  return sha256(names.map((name) => fs.readFileSync(inRoot(name), 'utf8')).join('\0'));
}

/** Data would lie where the engine's own lie. @throws Error if the module has any */
export function checkWithoutData(bytes) {
  const DATA = 11;
  for (let at = 8; at < bytes.length;) {
    if (bytes[at++] === DATA)
      throw new Error('Expected a module without data: make constants of what became a table.');
    let size = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      const byte = bytes[at++];
      size |= (byte & 127) << shift;
      more = (byte & 128) !== 0;
    }
    at += size;
  }
}

const textOf = (bytes) =>
  `/* What scripts/web/build-kernels.mjs made of native/wasm and native/fused: WebAssembly, in base64. Not to be edited. */\n` +
  `/** SHA-256 of the sources. */\nexport const FUSED_SOURCES = '${sourcesHash()}';\n` +
  `/** ${bytes.length} bytes. */\nexport const FUSED_BINARY =\n  '${bytes.toString('base64')}';\n`;

async function main() {
  const folder = inRoot('runs', 'wasm-kernels');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const logFile = path.join(folder, 'log.txt');
  const { command, env } = await zigCompiler({ logFile, python: venvPython, say: console.log }); // prettier-ignore
  const [zig] = command;
  const tools = { logFile, cwd: root, env };
  const objects = [];
  for (const source of [ENTRY, ...COMPUTATIONS.map(fused)]) {
    const object = path.join(folder, `${path.basename(source, '.cc')}.o`);
    await run(zig, ['c++', ...COMPILE, source, '-o', object], tools);
    objects.push(object);
  }
  const linked = path.join(folder, 'fused.wasm');
  await run(zig, [...LINK, ...objects, '-o', linked], tools);
  const bytes = fs.readFileSync(linked);
  checkWithoutData(bytes);
  fs.writeFileSync(file, textOf(bytes));
  console.log(`${path.relative(root, file)}: ${bytes.length} bytes of WebAssembly.`);
}

if (process.argv[1] === import.meta.filename) {
  main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });
}
