// node_modules, exactly as the lock file says.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CommandFailed, output, run } from './command.mjs';
import { SetupFailure } from './failure.mjs';
import { proxyNote } from './network.mjs';
import { inRoot, root } from './paths.mjs';
import { isWritable } from './writable.mjs';

/** What npm has installed, written when it is done. */
const installedList = inRoot('node_modules', '.package-lock.json');

function readPackages(file) {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).packages || null;
  } catch {
    return null;
  }
}

/** Whether an optional package is the binary of a system: node_modules may have come with a clone from another one. */
const isBinaryOf = ({ os, cpu, libc }, { platform, arch }) =>
  os?.includes(platform) && cpu?.includes(arch) && (libc?.includes('glibc') ?? true);

/**
 * The first package whose installed version is not the lock file's, or null. Packages that are optional
 * (mostly other systems' binaries) may be missing.
 */
export function packageMismatch(locked, installed, exists, system = process) {
  for (const [place, wanted] of Object.entries(locked)) {
    const { version, optional, devOptional, link } = wanted;
    if (place === '' || link) continue;
    const found = installed[place];
    const mayBeMissing = (optional || devOptional) && !isBinaryOf(wanted, system);
    if (found === undefined ? mayBeMissing : found.version === version && exists(place)) continue;
    const name = place.replace(/^.*node_modules\//, '');
    return `${name} ${version} is not installed`;
  }
  return null;
}

/** npm as the npm that runs us, else as found on the path. */
function npm() {
  const script = process.env.npm_execpath;
  return script && /npm-cli\.c?js$/.test(script) ? [process.execPath, script] : ['npm'];
}

/** npm's environment: where its cache cannot be written to, as in a home of somebody else, it has one in the clone. */
export function npmEnvironment(env = process.env, canWrite = isWritable) {
  const cache = env.npm_config_cache || path.join(env.HOME || os.homedir(), '.npm');
  return canWrite(cache) ? env : { ...env, npm_config_cache: inRoot('.setup', 'npm-cache') };
}

export const nodePackages = {
  name: 'node-packages',
  title: 'npm packages',
  disk: 0.8,
  verified: true,
  inputs: () => null,
  missing() {
    const locked = readPackages(inRoot('package-lock.json'));
    const installed = readPackages(installedList);
    if (locked === null) return 'package-lock.json cannot be read';
    if (installed === null) return 'node_modules is missing or half-done';
    return packageMismatch(locked, installed, (place) =>
      fs.existsSync(path.join(root, place, 'package.json')),
    );
  },
  remedy:
    `${proxyNote()}Check that the package registry can be reached (\`npm ping\`), then run the command again: what has ` +
    'come is kept. If it says that package.json and the lock file differ, take both from the same commit.',
  async run({ logFile }) {
    const [program, ...args] = npm();
    if (args.length === 0 && output(program, ['--version']) === null) {
      throw new SetupFailure(
        'there is no npm beside this Node.',
        'Install it (Debian, Ubuntu: `apt install npm`), or a Node that comes with it (nodejs.org, nvm), and run the command again.',
      );
    }
    // The install scripts would download TensorFlow 2.9 and its addon; ours is built two steps later.
    // Heard although it may be started by an npm that was told to be silent: the log is all that tells of a failure.
    args.push('ci', '--ignore-scripts', '--include=dev', '--include=optional', '--loglevel=notice');
    const options = { logFile, cwd: root, env: npmEnvironment() };
    try {
      await run(program, [...args, '--prefer-offline'], options);
    } catch (error) {
      // What npm remembers of a package may be older than the version that is wanted now.
      if (!(error instanceof CommandFailed) || !/\bETARGET\b/.test(error.excerpt.join()))
        throw error;
      await run(program, args, options);
    }
    // npm only warns of a file that it could not write, and takes its package for installed. It also warns of some that were
    // not to be there.
    const unwritten = /^.*TAR_ENTRY_ERROR (ENOSPC|EDQUOT|EIO).*$/m.exec(
      fs.readFileSync(logFile, 'utf8'),
    );
    if (unwritten !== null) {
      fs.rmSync(installedList, { force: true });
      throw new Error(`a file could not be unpacked: ${unwritten[0]}`);
    }
  },
};
