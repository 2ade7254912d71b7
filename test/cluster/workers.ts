/** Real processes that train together, on this machine's loopback. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { loadScript, root } from '../support/script';
import { TINY_TEXT, TINY_UNET } from '../support/tiny-configs';

export interface Outcome {
  /** Loss and gradient norm of each step. */
  readonly numbers: readonly (readonly [number, number])[];
  readonly skipped: number;
  /** Of all weights, to the bit. */
  readonly digest: string;
  /** Where it listens, `address:port` in hexadecimal as /proc/net has them, and its threads' names. */
  readonly server: { readonly listening: readonly string[]; readonly threads: readonly string[] };
  /** How many there were after each step. */
  readonly tensors: readonly number[];
  readonly error?: string;
  readonly name?: string;
}

export interface TogetherOptions {
  readonly steps?: number;
  /** Of the trainer; a function's are those of one worker. */
  readonly options?: object | ((index: number) => object);
  /** Where to write the weights, as float32. */
  readonly save?: (index: number) => string;
}

/** Ports that are free at the moment. */
export const { freePorts } = loadScript<{ freePorts: (count: number) => Promise<number[]> }>(
  'cluster/plan.mjs',
);

/** Trains tiny models by so many workers, by one process without a server if it is one. */
export async function trainTogether(
  count: number,
  { steps = 20, options = {}, save }: TogetherOptions = {},
): Promise<Outcome[]> {
  const addresses = (await freePorts(count)).map((port) => `127.0.0.1:${port}`);
  const LD_PRELOAD = path.join(root, '.setup', 'native', 'distributed.node');
  const run = (index: number) => {
    const task = {
      member: count === 1 ? null : { addresses, index, bind: '127.0.0.1' },
      steps,
      options: typeof options === 'function' ? (options as (i: number) => object)(index) : options,
      configs: { unet: TINY_UNET, text: TINY_TEXT },
      save: save?.(index),
    };
    const script = path.join(__dirname, 'worker.cjs');
    const child = spawn(process.execPath, [script, JSON.stringify(task)], {
      env: { ...process.env, ...(count > 1 && { LD_PRELOAD }) },
    });
    let [out, said] = ['', ''];
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    return new Promise<Outcome>((resolve, reject) => {
      child.once('close', () => {
        try {
          resolve(JSON.parse(out) as Outcome);
        } catch {
          reject(new Error(`worker ${index}: ${out}${said}`));
        }
      });
    });
  };
  return Promise.all(Array.from({ length: count }, (_, index) => run(index)));
}
