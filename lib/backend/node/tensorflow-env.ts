/**
 * What must be done before TensorFlow's library is loaded; imported before tfjs. TensorFlow reads its
 * environment when it is loaded, and logs its first lines before anybody could ask it not to.
 */
import { createRequire } from 'node:module';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
process.env.TF_FORCE_GPU_ALLOW_GROWTH ??= 'true';

/**
 * tfjs-node is useless without its native addon, and says so at length.
 *
 * @throws Error that says what builds it
 */
function checkBinding(): void {
  const manifest = createRequire(__filename).resolve('@tensorflow/tfjs-node-gpu/package.json');
  const lib = path.join(path.dirname(manifest), 'lib');
  const versions = existsSync(lib) ? readdirSync(lib) : []; // napi-v8
  if (versions.some((name) => existsSync(path.join(lib, name, 'tfjs_binding.node')))) return;
  throw new Error(
    'TensorFlow is not built for this package yet: run `npx stable-diffusion-mnist build-native` once ' +
      '(in a clone of the repository: `npm run setup`).',
  );
}

checkBinding();

const root = path.join(__dirname, '..', '..', '..');

createRequire(__filename)(path.join(root, 'native', 'node-util.cjs'));

/** An addon that the set-up builds from native; undefined if it is not there. */
export function addon(name: string): unknown {
  const file = path.join(root, '.setup', 'native', `${name}.node`);
  if (!existsSync(file)) return undefined;
  try {
    return createRequire(__filename)(file) as unknown;
  } catch {
    return undefined; // Built for another machine or Node: not worth failing for.
  }
}

// Without it TensorFlow works, but says more.
const quiet = addon('quiet') as { readonly hush?: (isWanted: boolean) => void } | undefined;

// Its libraries for a GPU log an error where there is no driver, although all is well on the CPU.
const driverFiles = ['/proc/driver/nvidia/version', '/dev/nvidia0', '/dev/dxg'];
const isErrorsOnly = process.env.TF_CPP_MIN_LOG_LEVEL === '2';
if (isErrorsOnly && !driverFiles.some((file) => existsSync(file))) quiet?.hush?.(true);

/** To be called once TensorFlow is open: from then on its errors are shown in any case. */
export const endHush = (): void => quiet?.hush?.(false);

/**
 * Gives the sessions that are made from now on a serialized ConfigProto, no bytes for none, and a server to run on, none if
 * it is not given.
 */
export type SetSessionConfig = (config: Uint8Array, target?: string) => void;

const sessionConfig = addon('session-config') as
  { readonly setSessionConfig: SetSessionConfig } | undefined;

// Else all sessions share the threads of the first.
if (sessionConfig) process.env.TF_OVERRIDE_GLOBAL_THREADPOOL ??= '1';
const isOverridden = process.env.TF_OVERRIDE_GLOBAL_THREADPOOL === '1';

/** Undefined where the addon is missing, or `TF_OVERRIDE_GLOBAL_THREADPOOL=0` makes all sessions share threads. */
export const setSessionConfig = isOverridden ? sessionConfig?.setSessionConfig : undefined;
