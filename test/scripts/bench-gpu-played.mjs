// The bench on a GPU with sides that are only played: torch.compile never ends in the row that is named.
import { benchOnGpu } from '../../scripts/bench/gpu/run.mjs';

const [hanging] = process.argv.slice(2);
let row = 0;
const names = ['unet-512', 'unet-64'];

function spawnSide([, script, argument]) {
  const { mode = 'ours', batch } = JSON.parse(argument);
  if (script.endsWith('ours.cjs')) row++;
  const isHanging = mode === 'compile' && names[row - 1] === hanging;
  const answer = (seconds) => ({
    seconds: seconds.map(() => batch / 512),
    results: seconds.map(() => 0.5),
    precision: 'float32',
    peak: 1,
  });
  return {
    pid: process.pid,
    ready: () => Promise.resolve({ version: mode }),
    steps: (count) =>
      isHanging
        ? new Promise(() => setInterval(() => {}, 1e6))
        : Promise.resolve(answer(Array(count).fill(0))),
    close: () => Promise.resolve(),
    kill: () => console.error(`killed ${mode}`),
  };
}

const isWhole = await benchOnGpu({
  only: names,
  quick: true,
  tf32: 'same',
  python: 'python',
  binding: { tensorflow: '2' },
  peer: { torch: '2', cuda: '13.0', name: 'Card', triton: true },
  makeInputs: () => 'inputs',
  say: (text) => console.error(text),
  spawnSide,
});
process.exit(isWhole ? 0 : 1);
