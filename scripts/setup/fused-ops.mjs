// TensorFlow ops of our own (native/fused), kernels that lib/backend/node registers on the CPU.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CommandFailed, run } from './command.mjs';
import { ownCompiler } from './compiler.mjs';
import { linkArguments } from './link.mjs';
import { tensorflowFolder, wheelTime } from './native-addon.mjs';
import { inRoot, nodeUtil, root } from './paths.mjs';
import { sha256 } from './step.mjs';
import { addonArguments, instructionsOf, nativeProcessor } from './systems.mjs';

const sources = inRoot('native', 'fused');
const library = inRoot('.setup', 'native', 'fused-ops.node');
/** Why there is no library, where it could not be built: layers then compute with plain ops. */
const note = inRoot('.setup', 'native', 'without-fused-ops.txt');

const read = (name) => fs.readFileSync(path.join(sources, name), 'utf8');
const sourceNames = () => fs.readdirSync(sources).sort();

const isOp = (name) => name.startsWith('op');
/** What touches TensorFlow is compiled as TensorFlow was; the computations for this very processor. */
const optionsOf = (ofOps, tensorflow) =>
  ofOps
    ? ['-O2', '-ftree-vectorize', '-isystem', path.join(tensorflow, 'include')]
    : ['-O3', nativeProcessor(), '-fno-math-errno', '-fno-trapping-math'];

/** What tells processors apart: machines of one name can have different instructions. */
function processor() {
  const cpuinfo = fs.existsSync('/proc/cpuinfo') ? fs.readFileSync('/proc/cpuinfo', 'utf8') : '';
  return `${os.cpus()[0]?.model} ${sha256(instructionsOf(cpuinfo))}`;
}

const smallTest = [
  'require(process.argv[1]);',
  "const tf = require('@tensorflow/tfjs-node-gpu');",
  'require(process.argv[2]);',
  "const run = tf.backend().executeSingleOutput.bind(tf.backend(), 'SdmGeglu', []);",
  'const [y] = run([tf.tensor1d([2, 1])]).dataSync();',
  "if (Math.abs(y - 1.6826895) > 1e-5) throw new Error('2 gelu(1) came out as ' + y);",
].join(' ');

const withPlainOps = (reason) =>
  `not built (${reason}): layers compute the same with plain ops, a training step takes 1.9 times as long`;

const isCode = (name) => name.endsWith('.cc');
/** Those that touch TensorFlow are compiled as one: its headers take four seconds, whatever is made of them. */
const JOINED = 'op-all.cc';

async function build({ logFile, compiler }) {
  const tensorflow = tensorflowFolder();
  const folder = `${library}.${process.pid}`;
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  try {
    const [program, ...first] = compiler.command;
    const joined = path.join(folder, JOINED);
    const includes = sourceNames().filter((name) => isCode(name) && isOp(name));
    fs.writeFileSync(joined, includes.map((name) => `#include "${name}"\n`).join(''));
    const files = sourceNames().filter((name) => isCode(name) && !isOp(name));
    const all = [joined, ...files.map((name) => path.join(sources, name))]; // the longest first
    const objectOf = (file) => path.join(folder, path.basename(file).replace('.cc', '.o'));
    const compile = (file) => {
      const options = [...first, '-std=c++17', '-fPIC', '-fvisibility=hidden', '-iquote', sources];
      options.push(...optionsOf(isOp(path.basename(file)), tensorflow));
      return run(program, [...options, '-c', file, '-o', objectOf(file)], { logFile });
    };
    const left = all.values(); // shared: each takes the next one
    const compileRest = async () => {
      for (const file of left) await compile(file);
    };
    await Promise.all(Array.from({ length: Math.min(4, os.availableParallelism()) }, compileRest));
    const linked = path.join(folder, 'fused-ops.node');
    const libraries = await linkArguments({ tensorflow, folder, compiler, logFile });
    const objects = all.map(objectOf);
    const link = [...first, ...addonArguments(), ...objects, '-o', linked, ...libraries];
    await run(program, link, { logFile });
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
    await run(process.execPath, ['-e', smallTest, nodeUtil, linked], { logFile, cwd: root, env });
    fs.renameSync(linked, library);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

export const fusedOps = {
  name: 'fused-ops',
  title: "the library's own TensorFlow ops",
  needs: ['native-addon'],
  disk: 0.1,
  inputs: () => ({
    tensorflow: tensorflowFolder(),
    wheel: wheelTime(),
    sources: sourceNames().map((name) => sha256(read(name))),
    processor: processor(),
    options: [true, false].map((ofOps) => optionsOf(ofOps, tensorflowFolder())),
    ...(fs.existsSync(note) && { compiler: ownCompiler()?.command }), // tried again with another
  }),
  missing() {
    if (tensorflowFolder() === null) return 'TensorFlow is not there';
    if (fs.existsSync(library) || fs.existsSync(note)) return null;
    return `${path.relative(root, library)} is missing`;
  },
  told: () => (fs.existsSync(note) ? withPlainOps(fs.readFileSync(note, 'utf8')) : null),
  remedy: 'Read the log. A compiler of C++17 is needed (g++ 9 or newer), and about 2 GB of memory.',
  async run({ logFile, say = () => {} }) {
    fs.mkdirSync(path.dirname(note), { recursive: true });
    for (const file of [note, library]) fs.rmSync(file, { force: true });
    const compiler = ownCompiler();
    let reason = 'no C++ compiler is there; one is taken up when it is installed';
    if (compiler !== null) {
      try {
        return await build({ logFile, compiler });
      } catch (error) {
        if (!(error instanceof CommandFailed)) throw error;
        const [program, ...first] = compiler.command;
        reason = `${[path.basename(program), ...first].join(' ')} could not, see ${path.relative(root, logFile)}`;
      }
    }
    fs.writeFileSync(note, reason);
    say(`set-up: ${this.title}: ${withPlainOps(reason)}.`);
  },
};
