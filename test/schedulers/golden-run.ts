import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tf } from '../../lib/backend';
import type { Scheduler } from '../../lib/schedulers/scheduler';
import { goldenFolder, loadGolden } from '../support/golden';

export const golden = loadGolden('schedulers');

/** A reference array as a tensor; one-channel images [B, 1, H, W] become [B, H, W, 1]. */
export function goldenTensor(name: string): tf.Tensor {
  const { shape, data } = golden.get(name)!;
  if (data instanceof Int32Array) return tf.tensor(data, shape, 'int32');
  const [batch, , height, width] = shape;
  return tf.tensor(data, shape.length === 4 ? [batch!, height!, width!, 1] : shape);
}

const runs = JSON.parse(
  readFileSync(join(goldenFolder('schedulers'), 'runs.json'), 'utf8'),
) as Record<string, Record<string, unknown>>;

/** The config that the reference run had, with the call's own arguments beside it. */
export const runConfig = (tag: string): Record<string, unknown> => runs[tag]!;

/** The smooth stand-in for the network that the reference runs used. */
export function fakeModel(x: tf.Tensor, t: number): tf.Tensor {
  return tf.tidy(() =>
    x
      .mul(0.9)
      .add(0.1 * Math.sin(Math.fround(t * 0.01)))
      .tanh()
      .mul(0.8),
  );
}

/** Runs up to `steps` steps with the reference's start and noise; x after every step. */
export function trajectory(scheduler: Scheduler, tag: string, steps: number): Float32Array[] {
  const noises = golden.get(`in.${tag}.step_noise`)!;
  let x = goldenTensor(`in.${tag}.start`);
  let previousOriginal: tf.Tensor | null = null;
  const visited: Float32Array[] = [];
  for (let i = 0; i < steps; i++) {
    const t = scheduler.timesteps[i]!;
    const noise = tf.tensor(noises.data.slice(i * x.size, (i + 1) * x.size), x.shape);
    const modelOutput = fakeModel(x, t);
    const next = scheduler.step(modelOutput, t, x, noise, previousOriginal);
    tf.dispose([x, noise, modelOutput, previousOriginal ?? []]);
    x = next.prevSample;
    previousOriginal = next.predOriginalSample;
    visited.push(Float32Array.from(x.dataSync()));
  }
  tf.dispose([x, previousOriginal ?? []]);
  return visited;
}

/** The points of a reference trajectory: [how many steps were done, name of the array]. */
export function goldenPoints(tag: string, steps: number): [number, string][] {
  const points: [number, string][] = [];
  for (const name of golden.keys()) {
    if (!name.startsWith(`out.${tag}.`)) continue;
    const point = name.slice(`out.${tag}.`.length);
    points.push([point === 'final' ? steps : Number(point.slice(1)), name]);
  }
  return points;
}
