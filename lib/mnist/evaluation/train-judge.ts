/** Trains the judge on real images: cross-entropy, AdamW, a rate that falls along a cosine, small shifts. */
import { tf } from '../../backend';
import { DataLoader, type Batch } from '../../datasets/data-loader';
import type { MnistDataset } from '../mnist';
import { shiftImages } from '../../datasets/shift-images';
import { toTensor } from '../../datasets/transforms';
import { jit } from '../../jit';
import { disposeModule, namedParameters } from '../../nn/state-dict';
import { AdamW } from '../../optim/adamw';
import { getScheduler } from '../../optim/lr-scheduler';
import { Generator, randint } from '../../random';
import {
  shortTraining,
  type ShortTrainingLog,
  type ShortTrainingOptions,
} from '../../training/short-training';
import { Judge, JudgeNetwork } from './judge';
import { requireRecord } from '../../options';

export interface TrainJudgeOptions extends ShortTrainingOptions {
  readonly seed?: number;
  readonly epochs?: number;
  readonly batchSize?: number;
  /** The highest learning rate; it falls to 0 along a cosine. */
  readonly learningRate?: number;
  /** Share of the features left out in each step. */
  readonly dropout?: number;
  /** Images are moved by up to so many pixels each way. */
  readonly maxShift?: number;
}

/** Its loss is the mean cross-entropy. */
export type JudgeStepLog = ShortTrainingLog;

/** Share of the images that the judge reads right. */
export function judgeAccuracy(judge: Judge, { images, labels, length }: MnistDataset): number {
  const { predictions } = judge.judge(toTensor(images));
  return labels.reduce((right, label, i) => right + Number(label === predictions[i]), 0) / length;
}

/**
 * Trains a judge. The test images are looked at once, at the end.
 *
 * @returns the judge; the caller disposes it
 * @throws Interrupted or the signal's reason if it was stopped: half a judge is none
 */
export async function trainJudge(
  data: { readonly train: MnistDataset; readonly test: MnistDataset },
  options: TrainJudgeOptions = {},
): Promise<Judge> {
  requireRecord('trainJudge', data, '{ train, test } of loadMnist', ['train', 'test']);
  const { seed = 7, epochs = 8, batchSize = 128, learningRate = 2e-3 } = options;
  const { dropout: rate = 0.4, maxShift = 2 } = options;
  const generator = new Generator(seed);
  const network = new JudgeNetwork(generator.stream('init'));
  const parameters = namedParameters(network);
  const optimizer = new AdamW(parameters, { lr: learningRate });
  const loader = new DataLoader(data.train, { batchSize, seed });
  const numTrainingSteps = epochs * loader.length;
  const schedule = getScheduler('cosine', { numTrainingSteps, numWarmupSteps: 50 });
  const trainStep = jit(
    (images: tf.Tensor4D, labels: tf.Tensor1D, key: tf.Tensor1D, lr: tf.Scalar) => {
      const { value, grads } = tf.variableGrads(() => {
        const logits = network.logits(network.features(images), { key, rate });
        return tf.losses.softmaxCrossEntropy(tf.oneHot(labels, 10), logits) as tf.Scalar;
      }, [...parameters.values()]);
      const named = [...parameters].map(([name, { name: own }]) => [name, grads[own]!] as const);
      optimizer.step(new Map(named), { lr });
      return value;
    },
    { name: 'judgeStep' },
  );
  const runStep = ({ shape, indices, images }: Batch, step: number): number => {
    const [B, height, width] = shape;
    return tf.tidy(() => {
      const key = generator.stream('noise').at(step);
      const shifts = randint([B, 2], -maxShift, maxShift + 1, key).dataSync();
      const unit = images.map((value) => value * 0.5 + 0.5);
      const moved = shiftImages(unit, [B, height, width], shifts);
      const dropped = tf.tensor1d([...generator.stream('dropout').at(step)], 'int32');
      const labels = indices.map((index) => data.train.labels[index]!);
      const lr = tf.scalar(learningRate * schedule(step - 1));
      const inputs = [tf.tensor4d(moved, [...shape]), tf.tensor1d(labels, 'int32')] as const;
      return trainStep(...inputs, dropped, lr).dataSync()[0]!;
    });
  };
  let finished = false;
  try {
    const batches = () => loader;
    const all = { what: 'judge', epochs, steps: numTrainingSteps, batches, runStep };
    await shortTraining(all, options);
    finished = true;
  } finally {
    trainStep.dispose();
    optimizer.dispose();
    if (!finished) disposeModule(network);
  }
  const judge = new Judge(network, { sha256: '', testAccuracy: NaN, seed, epochs, batchSize });
  judge.card = { ...judge.card, testAccuracy: judgeAccuracy(judge, data.test) };
  return judge;
}
