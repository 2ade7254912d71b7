import { readFileSync } from 'node:fs';
import path from 'node:path';
import { tf } from '../../lib/backend';
import { toHost } from '../../lib/nn/state-dict';
import { readSafetensors, toFloat32Array } from '../../lib/io/safetensors';
import type { StateDict } from '../../lib/nn/state-dict';
import type { GoldenTensor } from './golden';

const fixtures = path.join(__dirname, '../fixtures');

/** A model folder's config.json. */
export function fixtureConfig(folder: string): Record<string, unknown> {
  const text = readFileSync(path.join(fixtures, folder, 'config.json'), 'utf8');
  return JSON.parse(text) as Record<string, unknown>;
}

/** A model folder's weights. */
export function fixtureWeights(folder: string, file: string): StateDict {
  const { tensors } = readSafetensors(path.join(fixtures, folder, file));
  const entries = [...tensors].map(
    ([name, t]) => [name, { shape: t.shape, data: toFloat32Array(t, name) }] as const,
  );
  return new Map(entries);
}

/** A golden tensor of rank 4 in torch's [B, C, H, W], as [B, H, W, C]. */
export function nhwc(golden: GoldenTensor): tf.Tensor4D {
  return tf.tidy(() =>
    tf.transpose(
      tf.tensor4d(golden.data, golden.shape as [number, number, number, number]),
      [0, 2, 3, 1],
    ),
  );
}

/** An activation [B, H, W, C] as numbers in torch's order. */
export function nchw(x: tf.Tensor): Float32Array {
  return tf.tidy(() => tf.transpose(x, [0, 3, 1, 2]).dataSync<'float32'>());
}

export { toHost };
