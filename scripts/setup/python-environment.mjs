// Python environments, and pip in them.
import fs from 'node:fs';
import path from 'node:path';
import { isAtLeast, parseVersion } from './check.mjs';
import { run } from './command.mjs';
import { proxyNote } from './network.mjs';
import { jupyterEnvironment, root } from './paths.mjs';

/** An installed package's folder: its name, its version. */
const distInfo = /^(.+)-([^-]+)\.dist-info$/;

const normalized = (name) => name.toLowerCase().replace(/[-_.]+/g, '-');

/**
 * The pins of a requirements file as a map from normalized name to version; those for other Python
 * versions are left out.
 *
 * @param {string} text
 * @param {number[]} python the version
 */
export function parsePins(text, python) {
  const pins = new Map();
  for (const line of text.split('\n')) {
    const found = /^([\w.-]+)==([^\s;#]+)\s*(?:;\s*python_version\s*(<|>=)\s*"(\d+)\.(\d+)")?/.exec(
      line,
    );
    if (found === null) continue;
    const [, name, version, relation, major, minor] = found;
    if (relation && isAtLeast(python, [Number(major), Number(minor)]) !== (relation === '>='))
      continue;
    pins.set(normalized(name), version);
  }
  return pins;
}

/** The folder where an environment's packages are, or null. */
export function sitePackages(folder) {
  const lib = path.join(folder, 'lib');
  if (!fs.existsSync(lib)) return null;
  const name = fs.readdirSync(lib).find((entry) => /^python3\.\d+$/.test(entry));
  return name === undefined ? null : path.join(lib, name, 'site-packages');
}

/** What is wholly installed in an environment, as a map from normalized name to version. */
export function installedVersions(folder) {
  const site = sitePackages(folder);
  const versions = new Map();
  if (site === null || !fs.existsSync(site)) return versions;
  for (const entry of fs.readdirSync(site)) {
    const found = distInfo.exec(entry);
    // pip writes INSTALLER when all files are there. RECORD may come first: it is one of the wheel's files.
    if (found !== null && fs.existsSync(path.join(site, entry, 'INSTALLER'))) {
      versions.set(normalized(found[1]), found[2]);
    }
  }
  return versions;
}

/** Why there is no Python in an environment that could install something, or null. */
export function lacksPython(folder) {
  if (!fs.existsSync(path.join(folder, 'bin', 'python'))) {
    return `${path.basename(folder)} is missing or its Python has gone`;
  }
  if (!installedVersions(folder).has('pip')) return `${path.basename(folder)} is half-done`;
  // A system's python3 becomes another one with the system, and does not find the packages then.
  const now = path.basename(fs.realpathSync(path.join(folder, 'bin', 'python')));
  const then = path.basename(path.dirname(sitePackages(folder)));
  const isOther = /^python3\.\d+$/.test(now) && now !== then;
  return isOther ? `${path.basename(folder)} was made with ${then}, which is ${now} now` : null;
}

/** The version of an environment's Python, from the name of its folder. */
const versionOf = (folder) => parseVersion(path.basename(path.dirname(sitePackages(folder))));

/** What requirements files want in an environment, as pairs of name and version. */
const wantedOf = (folder, files) =>
  files.flatMap((file) => [...parsePins(fs.readFileSync(file, 'utf8'), versionOf(folder))]);

/** What an environment lacks of its requirements, or null. */
export function environmentMismatch(folder, files) {
  const problem = lacksPython(folder);
  if (problem !== null) return problem;
  const installed = installedVersions(folder);
  const lacking = wantedOf(folder, files)
    .filter(([name, version]) => installed.get(name) !== version)
    .map(([name, version]) => `${name} ${version}`);
  if (lacking.length === 0) return null;
  const more = lacking.length > 3 ? ` and ${lacking.length - 3} more` : '';
  return `${lacking.slice(0, 3).join(', ')}${more} not installed`;
}

/** Makes an environment that holds pip alone, in place of what is there. */
export const makeEnvironment = ({ folder, python, logFile }) =>
  run(python, ['-m', 'venv', '--clear', folder], { logFile });

/**
 * Takes away what says that a package is installed, so that pip installs it over its files: it would take one for
 * installed with whose files it had just begun when it was ended.
 *
 * @param {string} folder the environment
 * @param {(name: string, isWhole: boolean) => boolean} isWanted whether to do so with a package
 */
function forget(folder, isWanted) {
  const site = sitePackages(folder);
  const whole = installedVersions(folder);
  for (const entry of fs.readdirSync(site)) {
    const found = distInfo.exec(entry);
    if (found === null) continue;
    const name = normalized(found[1]);
    if (isWanted(name, whole.has(name))) fs.rmSync(path.join(site, entry), { recursive: true });
  }
}

/**
 * Installs into an environment what requirements files pin, and nothing else.
 *
 * @param {{ folder: string, files: string[], logFile: string, anew?: boolean, options?: string[], env?: NodeJS.ProcessEnv }} what
 *   `anew` also where pip would say that all is there; `options` further ones of pip
 */
export async function install({ folder, files, logFile, anew = false, options = [], env = {} }) {
  const own = new Set(wantedOf(folder, files).map(([name]) => name));
  forget(folder, (name, isWhole) => own.has(name) && (anew || !isWhole));
  // `user = true` in somebody's settings of pip would have it refuse an environment.
  const always = ['--no-deps', '--no-user', '--disable-pip-version-check', '--no-input'];
  const requirements = files.flatMap((file) => ['-r', path.relative(root, file)]);
  const args = ['-m', 'pip', 'install', ...always, ...options, ...requirements];
  await run(path.join(folder, 'bin', 'python'), args, {
    logFile,
    cwd: root,
    env: { ...jupyterEnvironment(), ...env },
  });
}

/** The same into an environment that is made if need be. */
export async function makeAndInstall({ python, ...given }) {
  const { folder, logFile } = given;
  if (lacksPython(folder) !== null) await makeEnvironment({ folder, python, logFile });
  await install(given);
}

/** What is needed of a package index. */
export const registryRemedy =
  `${proxyNote()}Check that the Python package index can be reached (\`pip download --no-deps -d /tmp six\`) and that the ` +
  'disk is not full, then run the command again: what has come is kept. A file that is said to be invalid was cut off on ' +
  'its way.';
