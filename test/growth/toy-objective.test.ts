/** Another loss over other parts: lines through points, trained, stopped, saved and taken up again. */
import path from 'node:path';
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { Linear } from '../../lib/nn/layers';
import { gatherRows } from '../../lib/nn/gather-rows';
import { disposeModule, namedParameters } from '../../lib/nn/state-dict';
import { loadParts } from '../../lib/pretrained/checkpoint';
import { registerPartClass } from '../../lib/pretrained/parts';
import { Generator, randn } from '../../lib/random';
import { latestCheckpoint, resumeTraining, saveTraining } from '../../lib/training/checkpoints';
import type { BatchIndices, Objective, RandomKeys } from '../../lib/training/objective';
import { Trainer } from '../../lib/training/trainer';
import { temporaryFolder } from '../parity/python';

class Line {
  readonly slope: Linear;
  constructor(seed: number) {
    this.slope = new Linear(2, 1, new Generator(seed).stream('init'));
  }
}

type Points = { readonly x: tf.Tensor; readonly y: tf.Tensor };

/** Huber's loss of y = 3a − 2b + 1, each point moved a little at random. */
class LineObjective implements Objective<Points> {
  readonly parts: { readonly line: Line };
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  readonly pipelineClass = 'LinePipeline';
  readonly length = 40;
  readonly streams = ['jitter'];
  private readonly points = tf.tensor2d(
    Array.from({ length: 80 }, (_, i) => Math.sin(i)),
    [40, 2],
  );

  constructor(line: Line) {
    this.parts = { line };
    this.parameters = namedParameters({ line });
  }

  draw({ indices, rows }: BatchIndices, keys: RandomKeys): Points {
    const moved = tf.mul(randn([indices.shape[0], 2], keys['jitter']!), 0.01);
    const x = gatherRows(tf.add(gatherRows(this.points, indices), moved), rows);
    return { x, y: tf.add(tf.matMul(x as tf.Tensor2D, tf.tensor2d([3, -2], [2, 1])), 1) };
  }

  loss({ x, y }: Points): tf.Scalar {
    return tf.losses.huberLoss(y, this.parts.line.slope.forward(x)) as tf.Scalar;
  }

  identity = () => ({ line: '3a − 2b + 1' });

  dispose(): void {
    this.points.dispose();
    disposeModule(this.parts);
  }
}

const options = { batchSize: 8, microBatchSize: 4, learningRate: 0.05, ema: {}, seed: 1 };
const weights = ({ parameters }: LineObjective) =>
  [...parameters.values()].map((v) => [...v.dataSync()]);

it('is trained, stopped, saved and resumed to the bit, and its part loads by its class', async () => {
  const folder = path.join(temporaryFolder(), 'run');
  const [straight, cut, later] = [1, 1, 9].map((seed) => new LineObjective(new Line(seed)));
  const trainer = new Trainer(straight!, options);
  const { steps } = await trainer.fit({ maxSteps: 300 });
  expect(steps.at(-1)!.loss).toBeLessThan(1e-3);
  const first = new Trainer(cut!, options);
  await first.fit({ maxSteps: 7 });
  saveTraining(folder, first);
  const second = new Trainer(later!, options);
  expect(resumeTraining(folder, second)).toBe(7);
  await second.fit({ maxSteps: 300 });
  expect(weights(later!)).toEqual(weights(straight!));
  registerPartClass('Line', Line, () => new Line(0));
  expect(loadParts(latestCheckpoint(folder)!)['line']).toBeInstanceOf(Line);
  [trainer, first, second, straight!, cut!, later!].forEach((made) => made.dispose());
});
