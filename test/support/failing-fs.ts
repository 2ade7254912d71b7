import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

/** Functions that never fail, or whose failure the library cannot see. */
const NEVER = ['existsSync'];

/**
 * Runs something with one of its calls of the file system failing.
 *
 * @param failing which call fails, from 1; 0: none
 * @param code the error's code, for example ENOSPC
 * @returns the calls made, the paths they were given, what was returned and what was thrown
 */
export function withFailingCall<T>(failing: number, code: string, run: () => T) {
  const originals = new Map<string, (...args: unknown[]) => unknown>();
  const functions = fs as unknown as Record<string, (...args: unknown[]) => unknown>;
  const calls: string[] = [];
  const paths = new Set<string>();
  for (const name of Object.keys(functions)) {
    const original = functions[name];
    if (!name.endsWith('Sync') || NEVER.includes(name) || original === undefined) continue;
    originals.set(name, original);
    const failingCall = (...args: unknown[]): unknown => {
      calls.push(name);
      if (typeof args[0] === 'string') paths.add(args[0]);
      if (calls.length !== failing) return original(...args);
      if (name === 'closeSync') original(...args); // the handle is gone all the same
      const syscall = name.replace('Sync', '');
      throw Object.assign(new Error(`${code}: made up, ${syscall}`), { code, syscall });
    };
    functions[name] = Object.assign(failingCall, original);
  }
  syncBuiltinESMExports();
  try {
    return { calls, paths, value: run(), error: undefined };
  } catch (error) {
    return { calls, paths, value: undefined, error };
  } finally {
    for (const [name, original] of originals) functions[name] = original;
    syncBuiltinESMExports();
  }
}
