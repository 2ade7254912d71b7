// npm run train-judge: trains the judge of lib/mnist on real MNIST and saves it in checkpoints/judge.
// A few minutes on two cores. `npm run train-judge -- --help` tells the options.
import { library, typed } from './command-line/command.mjs';
import { Progress, timeText } from './command-line/progress.mjs';
import { readCommandLine } from './commands/index.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { stopSignal } from './setup/signals.mjs';

const { values } = readCommandLine('train-judge');
await setUpOrExit();
const sd = library();

const train = sd.loadMnist({ split: 'train', source: 'full' });
const test = sd.loadMnist({ split: 'test', source: 'full' });
const stop = stopSignal();

const started = performance.now();
let progress;
const training = sd.trainJudge(
  { train, test },
  {
    epochs: values.epochs,
    signal: stop,
    onStep: ({ step, steps, loss }) => {
      progress ??= new Progress({ total: steps, every: 10, stream: process.stdout });
      progress.update(step, `loss ${loss.toFixed(4)}`);
    },
  },
);
const judge = await training.catch((error) => {
  if (stop.aborted) return null;
  throw error;
});
progress?.end();
if (judge === null) {
  console.log('Stopped: nothing was saved. A judge is trained in one go.');
  process.exit(130);
}
const card = judge.save(values.output);
console.log(JSON.stringify(card, null, 2));
console.log(`${timeText((performance.now() - started) / 1000)} min, saved in ${values.output}`);
console.log(`Next: npm run evaluate -- --sanity --judge ${typed(values.output)}`);
