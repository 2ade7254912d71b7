// npm run train-judge: trains the judge of lib/mnist on real MNIST and saves it in checkpoints/judge.
// A few minutes on two cores. `-- --epochs N --output FOLDER` for other ones.
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';

const { values } = parseArgs({
  options: {
    epochs: { type: 'string', default: '8' },
    output: { type: 'string', default: inRoot('checkpoints', 'judge') },
  },
});

await setUpOrExit();
const sd = createRequire(import.meta.url)(inRoot('dist', 'index.js'));

const train = sd.loadMnist({ split: 'train', source: 'full' });
const test = sd.loadMnist({ split: 'test', source: 'full' });
const started = performance.now();
const judge = await sd.trainJudge(
  { train, test },
  {
    epochs: Number(values.epochs),
    onStep: ({ step, steps, loss }) => {
      if (step % 50 === 0) console.log(`step ${step} of ${steps}  loss ${loss.toFixed(4)}`);
    },
  },
);
const card = judge.save(values.output);
const minutes = ((performance.now() - started) / 60_000).toFixed(1);
console.log(`${JSON.stringify(card, null, 2)}\n${minutes} min, saved in ${values.output}`);
