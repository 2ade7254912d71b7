import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from './script';

/** Files of the clone with all that they import, as JavaScript in a folder of their own. */
export interface Compiled {
  readonly folder: string;
  /** Runs a script there, where `require('./lib/…')` finds what was compiled. @returns what it prints */
  run(script: string, env?: Readonly<Record<string, string>>): string;
  /** The same, while this process goes on. */
  runAsync(script: string, env?: Readonly<Record<string, string>>): Promise<string>;
  dispose(): void;
}

/**
 * Compiles files by themselves: they are checked with the types of what they import, and no others.
 *
 * @param files relative to the clone's root
 * @throws Error with what TypeScript, or later the script, printed
 */
export function compiled(...files: readonly string[]): Compiled {
  const folder = mkdtempSync(path.join(tmpdir(), 'compiled-'));
  const modules = path.join(root, 'node_modules');
  const node = (args: readonly string[], env: Readonly<Record<string, string>> = {}): string => {
    const all = { ...process.env, NODE_PATH: modules, ...env };
    const run = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8', env: all });
    if (run.status === 0) return run.stdout;
    throw new Error(`${args.join(' ')}:\n${run.stdout}${run.stderr}`);
  };
  const typeRoots = [path.join(modules, '@types')];
  const compilerOptions = { rootDir: root, outDir: '.', incremental: false, typeRoots };
  const config = {
    extends: path.join(root, 'tsconfig.json'),
    compilerOptions,
    files: files.map((file) => path.join(root, file)),
    include: [],
  };
  writeFileSync(path.join(folder, 'tsconfig.json'), JSON.stringify(config));
  node([path.join(modules, 'typescript', 'bin', 'tsc')]);
  return {
    folder,
    run: (script, env) => node(['-e', script], env),
    runAsync: async (script, env) => {
      const all = { ...process.env, NODE_PATH: modules, ...env };
      const options = { cwd: folder, env: all, maxBuffer: 64 * 1024 * 1024 };
      return (await promisify(execFile)(process.execPath, ['-e', script], options)).stdout;
    },
    dispose: () => rmSync(folder, { recursive: true }),
  };
}
