// Several workers, measured on this machine.
//
//   node scripts/bench/workers.mjs speed [--recipe adamw] [--batch 64,512] [--workers 2] [--pairs 3] [--steps 6]
//   node scripts/bench/workers.mjs sums  [--rates 0.1,1,10,Infinity] [--workers 2,4] [--times 7]
//
// speed: workers of one core each against one process of as many cores. sums: what it costs to sum the recipe's gradients between
// network namespaces of a given rate, against the floor of a ring on what TCP alone makes of that rate; wants root.
import os from 'node:os';
import { parseArgs } from 'node:util';
import { median } from './compare.mjs';
import { compareSpeed } from './workers/speed.mjs';
import { measureSums } from './workers/sums.mjs';

const numbers = (text) => text.split(',').map(Number);
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    recipe: { type: 'string', default: 'adamw' },
    batch: { type: 'string', default: '64,512' },
    workers: { type: 'string' },
    pairs: { type: 'string', default: '3' },
    steps: { type: 'string', default: '6' },
    compression: { type: 'string', default: 'none' },
    rates: { type: 'string', default: '0.1,1,10,Infinity' },
    times: { type: 'string', default: '7' },
  },
});

async function speed() {
  const { recipe, compression } = values;
  const workers = Number(values.workers ?? 2);
  const [pairs, steps] = [Number(values.pairs), Number(values.steps)];
  const trainer = { gradientCompression: compression };
  for (const batchSize of numbers(values.batch)) {
    const found = await compareSpeed({ recipe, batchSize, workers, pairs, steps, trainer });
    console.log(
      `recipe ${recipe}, ${batchSize} rows, pairs in turns: ${found.alone.length}, and ${found.disturbed} disturbed ones left out`,
    );
    if (found.alone.length === 0) continue;
    const rows = [
      ['one process', found.alone],
      [`${workers} workers`, found.together],
    ];
    for (const [name, turns] of rows) {
      const parts = Object.keys(turns[0].parts).map((part) => {
        return `${part} ${median(turns.map((turn) => turn.parts[part])).toFixed(3)}`;
      });
      const seconds = turns.map((turn) => turn.seconds);
      console.log(`  ${name}: ${median(seconds).toFixed(3)} s a step (${parts.join(', ')})`);
    }
    const ratios = found.alone.map(({ seconds }, i) => seconds / found.together[i].seconds);
    const each = ratios.map((ratio) => ratio.toFixed(3)).join(' ');
    console.log(
      `  ${median(ratios).toFixed(3)} of the speed, median of ${each}; losses ${found.apart.toExponential(1)} apart`,
    );
  }
}

async function sums() {
  const times = Number(values.times);
  for (const workers of numbers(values.workers ?? '2,4')) {
    for (const gigabits of numbers(values.rates)) {
      const found = await measureSums({ workers, gigabits, recipe: values.recipe, times });
      const sent = (2 * (workers - 1)) / workers;
      const floor = (bytes) => sent * ((found.size * bytes) / found.rate);
      const ms = (seconds) => `${(seconds * 1000).toFixed(1)} ms`;
      console.log(
        `${gigabits} Gbit/s, ${workers} workers: by TCP alone ${((found.rate * 8) / 1e9).toFixed(3)} Gbit/s, ` +
          `${(found.latency * 1e6).toFixed(0)} µs one way; two numbers ${ms(found.one)}; ` +
          `${found.size} numbers: float32 ${ms(found.none)} of ${ms(floor(4))}, bfloat16 ${ms(found.bfloat16)} of ${ms(floor(2))}`,
      );
    }
  }
}

const machine = () =>
  `${os.cpus().length} cores of ${os.cpus()[0].model}, load ${os.loadavg()[0].toFixed(1)}`;
const kinds = { speed, sums };
const kind = kinds[positionals[0]];
if (!kind) {
  console.error(
    `Expected one of ${Object.keys(kinds).join(', ')}, got ${positionals[0] ?? 'nothing'}.`,
  );
  process.exit(2);
}
// Namespaces are removed at the exit, which a signal alone would pass by.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));
console.log(machine());
await kind();
