// npm run train-judge: trains the judge of lib/mnist on real MNIST and saves it in checkpoints/judge, or that of lib/emoji.
// A few minutes on two cores. `npm run train-judge -- --help` tells the options.
import { library, typed } from './command-line/command.mjs';
import { Progress, timeText } from './command-line/progress.mjs';
import { readCommandLine } from './commands/index.mjs';
import { JUDGES } from './commands/train-judge.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { stopSignal } from './setup/signals.mjs';

const { values } = readCommandLine('train-judge');
await setUpOrExit();
const sd = library();

const { data } = values;
const { epochs = JUDGES[data].epochs, output = JUDGES[data].folder } = values;
const stop = stopSignal();

const started = performance.now();
let progress;
const options = {
  epochs,
  signal: stop,
  onStep: ({ step, steps, loss }) => {
    progress ??= new Progress({ total: steps, every: 10, stream: process.stdout });
    progress.update(step, `loss ${loss.toFixed(4)}`);
  },
};

function trained() {
  if (data === 'emoji') return sd.trainCaptionJudge(options);
  const [train, test] = ['train', 'test'].map((split) => sd.loadMnist({ split, source: 'full' }));
  return sd.trainJudge({ train, test }, options);
}

const judge = await trained().catch((error) => {
  if (stop.aborted) return null;
  throw error;
});
progress?.end();
if (judge === null) {
  console.log('Stopped: nothing was saved. A judge is trained in one go.');
  process.exit(130);
}
if (data === 'emoji') judge.card = { ...judge.card, heldOut: sd.heldOutRetrieval(judge) };
const card = judge.save(output);
console.log(JSON.stringify(card, null, 2));
console.log(`${timeText((performance.now() - started) / 1000)} min, saved in ${output}`);
const more = data === 'emoji' ? '--data emoji --checkpoint …' : '--sanity';
console.log(`Next: npm run evaluate -- ${more} --judge ${typed(output)}`);
