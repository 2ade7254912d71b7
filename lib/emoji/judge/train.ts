/** Trains the judge of emoji on real pictures: CLIP's loss, AdamW, a rate that falls along a cosine, small shifts, a little noise. */
import { tf } from '../../backend';
import { DataLoader, type Batch } from '../../datasets/data-loader';
import { shiftImages } from '../../datasets/shift-images';
import { jit } from '../../jit';
import { CLIPTokenizer } from '../../models/clip-tokenizer';
import { disposeModule, namedParameters } from '../../nn/state-dict';
import { AdamW } from '../../optim/adamw';
import { getScheduler } from '../../optim/lr-scheduler';
import { Generator as Random, randint, randn } from '../../random';
import { shortTraining, type ShortTrainingOptions } from '../../training/short-training';
import { EMOJI_TOKENIZER } from '../shipped';
import { captionTensors, CaptionJudge } from './caption-judge';
import { contrastiveLoss } from './contrastive-loss';
import { CaptionJudgeNetwork } from './network';
import { judgePictures, type JudgePictures } from './pictures';

export interface TrainCaptionJudgeOptions extends ShortTrainingOptions {
  readonly seed?: number;
  readonly epochs?: number;
  /** Pictures among which each caption is to be found. */
  readonly batchSize?: number;
  /** The highest learning rate; it falls to 0 along a cosine. */
  readonly learningRate?: number;
  /** Pictures are moved by up to so many pixels each way. */
  readonly maxShift?: number;
  /** Spread of the noise that is added to pixels from 0 to 1. */
  readonly noise?: number;
  /** Share of the picture encoder's last numbers that is left out in each step. */
  readonly dropout?: number;
  /** AdamW's. */
  readonly weightDecay?: number;
}

/** The batches of an epoch of the one, each followed by one of the other, which goes round. */
function* alternating(one: DataLoader, other: DataLoader): Generator<Batch, void> {
  let others = other[Symbol.iterator]();
  for (const batch of one) {
    yield batch;
    let next = others.next();
    if (next.done) next = (others = other[Symbol.iterator]()).next();
    yield next.value as Batch;
  }
}

/**
 * Trains a judge.
 *
 * @param pictures default: `judgePictures()`; every second step has some that are alike
 * @returns the judge; the caller disposes it
 * @throws Interrupted or the signal's reason if it was stopped: half a judge is none
 */
export async function trainCaptionJudge(
  options: TrainCaptionJudgeOptions = {},
  pictures: JudgePictures = judgePictures(),
): Promise<CaptionJudge> {
  const { seed = 7, epochs = 16, batchSize = 240, learningRate = 2e-3 } = options;
  const { maxShift = 3, noise = 0.04, dropout: rate = 0.4, weightDecay = 0.2 } = options;
  const tokenizer = CLIPTokenizer.fromPretrained(EMOJI_TOKENIZER);
  const generator = new Random(seed);
  const network = new CaptionJudgeNetwork(tokenizer.vocabSize, generator.stream('init'));
  const parameters = namedParameters(network);
  const optimizer = new AdamW(parameters, { lr: learningRate, weightDecay });
  const loader = new DataLoader(pictures.all, { batchSize, seed, dropLast: true });
  const alike = new DataLoader(pictures.alike, { batchSize, seed, dropLast: true });
  const numTrainingSteps = 2 * epochs * loader.length;
  const schedule = getScheduler('cosine', { numTrainingSteps, numWarmupSteps: 30 });
  type Inputs = [tf.Tensor4D, tf.Tensor2D, tf.Tensor2D, tf.Tensor1D, tf.Tensor1D, tf.Scalar];
  const trainStep = jit(
    (...[pictures, ids, mask, noiseKey, key, lr]: Inputs) => {
      const { value, grads } = tf.variableGrads(() => {
        const noisy = tf.add<tf.Tensor4D>(pictures, tf.mul(randn(pictures.shape, noiseKey), noise));
        const embedded = network.pictures.forward(noisy, { key, rate });
        const scale = tf.minimum(network.logit_scale, Math.log(100));
        return contrastiveLoss(
          embedded,
          network.captions.forward(ids, mask),
          tf.reshape(scale, []),
        );
      }, [...parameters.values()]);
      const named = [...parameters].map(([name, { name: own }]) => [name, grads[own]!] as const);
      optimizer.step(new Map(named), { lr });
      return value;
    },
    { name: 'captionJudgeStep' },
  );
  const runStep = ({ shape, captions, images }: Batch, step: number): number =>
    tf.tidy(() => {
      const key = generator.stream('data').at(step);
      const shifts = randint([shape[0], 2], -maxShift, maxShift + 1, key).dataSync();
      const unit = images.map((value) => value * 0.5 + 0.5);
      const moved = tf.tensor4d(shiftImages(unit, shape, shifts, 1), [...shape]);
      const { ids, mask } = captionTensors(tokenizer, captions);
      const keys = (['noise', 'dropout'] as const).map((name) =>
        tf.tensor1d([...generator.stream(name).at(step)], 'int32'),
      ) as [tf.Tensor1D, tf.Tensor1D];
      const lr = tf.scalar(learningRate * schedule(step - 1));
      return trainStep(moved, ids, mask, ...keys, lr).dataSync()[0]!;
    });
  let finished = false;
  try {
    const batches = () => alternating(loader, alike);
    const all = { what: 'judge', epochs, steps: numTrainingSteps, batches, runStep };
    await shortTraining(all, options);
    finished = true;
  } finally {
    trainStep.dispose();
    optimizer.dispose();
    if (!finished) disposeModule(network);
  }
  const facts = { reads: 'emoji', sha256: '', trained: pictures.all.length } as const;
  return new CaptionJudge(network, tokenizer, { ...facts, seed, epochs, batchSize });
}
