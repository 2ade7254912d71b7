import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll } from 'vitest';
import { tf } from '../../lib/backend';
import { fromFloat32Array, writeSafetensors } from '../../lib/io/safetensors';
import { toHost } from '../../lib/nn/state-dict';
import type { StateDict } from '../../lib/nn/state-dict';
import { checkDigest, drawnWeights } from './drawn';
import { goldenFolder, type GoldenTensor } from './golden';
import { temporaryRoot } from './temporary';

/** What a case keeps of its weights, which are drawn from the seed. */
interface WeightsFile {
  /** The file that the reference's library would write them to. */
  readonly file: string;
  readonly seed: number;
  readonly sha256: string;
  /** By the names in that file. */
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

const readJson = (folder: string, file: string): unknown =>
  JSON.parse(readFileSync(path.join(goldenFolder(folder), file), 'utf8'));

/** A model folder's config.json. */
export function fixtureConfig(folder: string): Record<string, unknown> {
  return readJson(folder, 'config.json') as Record<string, unknown>;
}

/** A case's weights, to the bit as the reference had them. */
export function fixtureWeights(folder: string): StateDict {
  const { seed, sha256, shapes } = readJson(folder, 'weights.json') as WeightsFile;
  const state = drawnWeights(seed, folder, shapes);
  checkDigest(state, sha256, `test/fixtures/${folder}/weights.json`);
  return state;
}

/** A folder with the case's config and weights, as the reference's library lays them out; removed after the file's tests. */
export function fixtureModelFolder(folder: string): string {
  const made = mkdtempSync(path.join(temporaryRoot, `${folder}-`));
  afterAll(() => rmSync(made, { recursive: true, force: true }));
  copyFileSync(path.join(goldenFolder(folder), 'config.json'), path.join(made, 'config.json'));
  const tensors = [...fixtureWeights(folder)].map(([name, { data, shape }]) => {
    return [name, fromFloat32Array(data, shape)] as const;
  });
  const { file } = readJson(folder, 'weights.json') as WeightsFile;
  writeSafetensors(path.join(made, file), new Map(tensors), { format: 'pt' });
  return made;
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
