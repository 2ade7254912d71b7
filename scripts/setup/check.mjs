// What must be on the machine beforehand. Runs on any Node from 12 on, so that one that is too old is
// told so.
import fs from 'node:fs';
import { output } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { isExecutable } from './writable.mjs';

const pythonRange = 'Python 3.10 to 3.14';

/** For each Node that it was tried with, the first release that all packages take. Odd ones live half a year. */
const nodes = [
  [20, 19],
  [22, 13],
  [24, 0],
  [26, 0],
];
export const nodeRange = 'Node 20.19, 22.13, 24 or 26';

/** `v20.19.1`, `Python 3.11.7` or `3.10` → `[20, 19, 1]`…; null if there is no version in the text. */
export function parseVersion(text) {
  const found = /(\d+)\.(\d+)(?:\.(\d+))?/.exec(text === null ? '' : text);
  return found === null ? null : [Number(found[1]), Number(found[2]), Number(found[3] || 0)];
}

/** Whether `version` is at least `least`, both as `parseVersion` gives them. */
export function isAtLeast(version, least) {
  for (let i = 0; i < least.length; i++) {
    if (version[i] !== least[i]) return version[i] > least[i];
  }
  return true;
}

/** @param {string} text as `process.versions.node` */
export function checkNode(text) {
  const version = parseVersion(text);
  const known = version !== null && nodes.find(([major]) => major === version[0]);
  if (known && isAtLeast(version, known)) return;
  throw new SetupFailure(
    `${nodeRange} is needed, this is Node ${text}.`,
    'Install Node 24 (for example `nvm install 24 && nvm use 24`) and run the command again.',
  );
}

/** The systems that TensorFlow's wheels and the set-up's ways to compile fit. */
export function checkPlatform(platform, arch) {
  const known = { linux: ['x64', 'arm64'], darwin: ['arm64'] };
  if ((known[platform] || []).includes(arch)) return;
  throw new SetupFailure(
    `Linux on x64 or arm64, or macOS on Apple silicon is needed, this is ${platform} on ${arch}.`,
    "On Windows use WSL 2 (`wsl --install`), on a Mac of Intel, for which TensorFlow's wheels have ended, a Linux machine " +
      'or container.',
  );
}

const pythonProbe = [
  'import json, os, sys',
  'report = {"version": sys.version.split()[0], "executable": sys.executable}',
  'for name in ("venv", "ensurepip"):',
  '    try: __import__(name); report[name] = True',
  '    except ImportError: report[name] = False',
  'print(json.dumps(report))',
].join('\n');

/** What a Python says of itself, or null if there is none by that name. What it loads may say something before. */
export function probePython(program) {
  const text = output(program, ['-c', pythonProbe]);
  try {
    return JSON.parse(text.split('\n').pop());
  } catch {
    return null; // null, or another program's answer
  }
}

/** What keeps a Python from being used, or null. */
export function pythonProblem(report) {
  const version = parseVersion(report.version);
  if (!isAtLeast(version, [3, 10]) || isAtLeast(version, [3, 15])) {
    return `is Python ${report.version}`;
  }
  if (!report.venv || !report.ensurepip) return 'has no venv module';
  return null;
}

/**
 * Finds a Python that can make the environment.
 *
 * @param {string | undefined} wanted the only one to try, from `SDM_PYTHON`
 * @param {(program: string) => object | null} probe
 * @returns {string} its program
 * @throws {SetupFailure} with every Python that was tried and what is wrong with it
 */
export function findPython(wanted, probe = probePython, platform = process.platform) {
  const names = wanted
    ? [wanted]
    : ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python'];
  const tried = [];
  let lacksVenv = null;
  for (const name of names) {
    const report = probe(name);
    const isLacking = wanted ? 'does not run as a Python' : 'is not there';
    const problem = report === null ? isLacking : pythonProblem(report);
    if (problem === null) return report.executable || name;
    if (problem.includes('venv')) lacksVenv = lacksVenv || parseVersion(report.version);
    tried.push(wanted ? `SDM_PYTHON names ${name}, which ${problem}` : `${name} ${problem}`);
  }
  const install =
    platform === 'darwin'
      ? '`brew install python@3.13`'
      : 'Debian, Ubuntu: `apt install python3 python3-venv`';
  throw new SetupFailure(
    `${pythonRange} with venv is needed: ${tried.join(', ')}.`,
    lacksVenv
      ? `Install its venv module (Debian, Ubuntu: \`apt install python3-venv\` or python${lacksVenv[0]}.${lacksVenv[1]}-venv).`
      : wanted
        ? 'Name another one in SDM_PYTHON, or unset it.'
        : `Install one (${install}) or name it in SDM_PYTHON.`,
  );
}

/**
 * Finds the machine's C++ compiler. CXX may name one with arguments (`ccache g++`), as for make.
 *
 * @returns {string[] | null} the program, and arguments before all others; null where there is none
 * @throws {SetupFailure} if CXX names one that does not run
 */
export function findCompiler(
  env = process.env,
  probe = (program, args) => output(program, [...args, '--version']),
) {
  const compilers = env.CXX
    ? [[env.CXX], env.CXX.trim().split(/\s+/)]
    : [['g++'], ['c++'], ['clang++']];
  const compiler = compilers.find(([program, ...args]) => probe(program, args) !== null);
  if (compiler !== undefined) return compiler;
  if (!env.CXX) return null;
  throw new SetupFailure(
    `CXX names ${env.CXX}, which does not run.`,
    'Unset it, or name a compiler of C++17: `CXX=clang++ npm run setup`.',
  );
}

/**
 * TensorFlow's wheels for Linux are made for glibc 2.27 and newer.
 *
 * @param {string | undefined} version of glibc; undefined where the C library is another
 */
export function checkLibc(version, platform = process.platform) {
  if (platform !== 'linux') return;
  const found = version === undefined ? 'another C library (musl?)' : `glibc ${version}`;
  if (version !== undefined && isAtLeast(parseVersion(version), [2, 27])) return;
  throw new SetupFailure(
    `glibc 2.27 or newer is needed, as TensorFlow's wheels are made for it; this machine has ${found}.`,
    'Take a newer system, or the container of the Dockerfile (Alpine has no glibc: Debian and Ubuntu do).',
  );
}

/** The glibc that this Node runs on, if it does. */
export function glibcVersion() {
  const { report } = process;
  const { excludeNetwork } = report;
  report.excludeNetwork = true; // else it looks up names of all open connections
  try {
    return report.getReport().header.glibcVersionRuntime;
  } finally {
    report.excludeNetwork = excludeNetwork;
  }
}

export const noexecRemedy =
  'Move the clone to another disk (a home is one, as a rule), or mount this one with exec: `findmnt -T .` tells how it is ' +
  'mounted.';

/** TensorFlow, and what is compiled, are libraries in the clone. */
export function checkExecutable(folder, canRun = isExecutable) {
  if (canRun(folder)) return;
  throw new SetupFailure(
    `${folder} is on a disk of which nothing may be run (noexec): its libraries cannot be loaded.`,
    noexecRemedy,
  );
}

/** @param {number} needed in GB */
export function checkDisk(folder, needed, statfs = fs.statfsSync) {
  const { bavail, bsize } = statfs(folder);
  const free = (bavail * bsize) / 1e9;
  if (free >= needed) return;
  throw new SetupFailure(
    `${needed.toFixed(1)} GB of free disk are needed in ${folder}, ${free.toFixed(1)} GB are there.`,
    'Make room, or move the clone to a larger disk.',
  );
}
