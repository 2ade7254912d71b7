// What a sum over all workers costs on networks of a given rate: seconds, against what a ring must take.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Network } from '../../cluster/network.mjs';
import { allowedCores, shareOfCores } from '../../cluster/plan.mjs';
import { inRoot } from '../../setup/paths.mjs';
import { median } from '../compare.mjs';
import { Side } from '../side.mjs';

const PRELOAD = inRoot('.setup', 'native', 'distributed.node');
const PORT = 2222;
const script = (name) => inRoot('scripts', 'bench', 'workers', name);

/** What the network itself does with as many bytes, by TCP alone. @returns {Promise<{ rate: number, latency: number }>} bytes a second, and seconds one way */
async function plain(network) {
  const start = (host, ...args) => {
    const [program, ...words] = [
      ...network.on(host),
      process.execPath,
      script('plain.cjs'),
      ...args,
    ];
    return spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  };
  const server = start(1, 'serve', `${PORT - 1}`);
  try {
    await once(server.stdout, 'data');
    const client = start(0, 'measure', network.addresses[1], `${PORT - 1}`);
    let said = '';
    client.stdout.on('data', (data) => (said += data));
    await once(client, 'close');
    return JSON.parse(said);
  } finally {
    server.kill();
  }
}

/** Sums by these workers. @returns {Promise<{ seconds: number, size: number }>} median, as the chief measures it, and how many numbers */
async function sums(network, times, task) {
  const { addresses } = network;
  const cores = shareOfCores(allowedCores(), addresses.length);
  const ports = addresses.map((address) => `${address}:${PORT}`);
  const sides = addresses.map((bind, index) => {
    const member = { addresses: ports, index, bind };
    const node = [process.execPath, script('sum.cjs'), JSON.stringify({ ...task, member })];
    const pinned = ['taskset', '-c', cores[index].join(), 'env', `LD_PRELOAD=${PRELOAD}`];
    return new Side([...network.on(index), ...pinned, ...node]);
  });
  const all = (count) => Promise.all(sides.map((side) => side.steps(count)));
  try {
    const [{ size }] = await Promise.all(sides.map((side) => side.ready()));
    await all(2); // traced, connected
    return { seconds: median((await all(times))[0].seconds), size };
  } finally {
    await Promise.all(sides.map((side) => side.close()));
  }
}

/**
 * @param {{ workers: number, gigabits: number, recipe: string, times: number }} what `gigabits` a second, Infinity for what the
 *   machine can; gradients are those of the recipe
 * @returns {Promise<object>} medians in seconds: `none` and `bfloat16` by compression, and `one`, the sum of two numbers alone;
 *   `size` numbers in the gradients; `rate` (bytes a second) and `latency` (seconds one way) of the network, by TCP alone
 */
export async function measureSums({ workers, gigabits, recipe, times }) {
  const network = new Network(workers);
  try {
    if (Number.isFinite(gigabits)) network.limit(gigabits);
    const found = await plain(network);
    for (const compression of ['none', 'bfloat16']) {
      const { seconds, size } = await sums(network, times, { recipe, compression });
      Object.assign(found, { [compression]: seconds, size });
    }
    const one = await sums(network, 20, { recipe, compression: 'none', one: true });
    return { ...found, one: one.seconds };
  } finally {
    network.close();
  }
}
