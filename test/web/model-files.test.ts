/** What is wrong with a model's files is a sentence, and nothing is left in memory. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend/node';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { loadPipeline } from '../../lib/web/load-pipeline';
import type { ModelFileMap } from '../../lib/web/model-files';
import { root } from '../support/script';
import '../../lib/pretrained';

const MODEL = path.join(root, 'checkpoints', 'mnist-text-to-image');
const WEIGHTS = 'unet/diffusion_pytorch_model.safetensors';
let files: Record<string, Uint8Array>;

beforeAll(() => {
  const names = fs.readdirSync(MODEL, { recursive: true }) as string[];
  const isFile = (name: string) => fs.statSync(path.join(MODEL, name)).isFile();
  files = Object.fromEntries(
    names.filter(isFile).map((name) => [name, fs.readFileSync(path.join(MODEL, name))]),
  );
});
let before: number;
beforeEach(() => {
  before = tf.memory().numTensors;
});
afterEach(() => expect(tf.memory().numTensors).toBe(before));

const without = (...names: string[]): ModelFileMap =>
  Object.fromEntries(Object.entries(files).filter(([name]) => !names.includes(name)));
const changed = (name: string): Uint8Array => {
  const bytes = Uint8Array.from(files[name]!);
  bytes[bytes.length - 1]! ^= 1;
  return bytes;
};
const text = (value: string) => new TextEncoder().encode(value);

describe('a model in memory', () => {
  const WRONG: [string, () => ModelFileMap, RegExp][] = [
    [
      'with weights cut off',
      () => ({ ...files, [WEIGHTS]: files[WEIGHTS]!.subarray(0, 5e6) }),
      /^unet\/diffusion_pytorch_model\.safetensors: expected 12624580 bytes, got 5000000\. The file is cut off/,
    ],
    [
      'with another byte',
      () => ({ ...files, [WEIGHTS]: changed(WEIGHTS) }),
      /^unet\/diffusion_pytorch_model\.safetensors: its SHA-256 is not the manifest's\./,
    ],
    [
      'with weights cut off, and no manifest',
      () => ({ ...without('manifest.json'), [WEIGHTS]: files[WEIGHTS]!.subarray(0, 5e6) }),
      /expected 12624580 bytes in all, as its header says, found 5000000/,
    ],
    ['without weights', () => without(WEIGHTS), /^unet\/diffusion_pytorch_model\.\S+ is missing:/],
    ['without an index', () => without('model_index.json'), /^model_index\.json is missing:/],
    [
      'with an index of another model',
      () => ({
        ...without('manifest.json'),
        'model_index.json': text('{"unet":["diffusers","SD3Transformer2DModel"]}'),
      }),
      /^model_index\.json: expected the class of "tokenizer" to be one of/,
    ],
    [
      'with a broken config',
      () => ({ ...without('manifest.json'), 'unet/config.json': text('{') }),
      /^unet\/config\.json: expected JSON, got:/,
    ],
    [
      'with a manifest of something else',
      () => ({ ...files, 'manifest.json': text('[1]') }),
      /^manifest\.json: expected sizes and hashes of files, got something else\./,
    ],
  ];

  it.each(WRONG)('%s is refused', async (_, make, says) => {
    await expect(loadPipeline(make())).rejects.toThrow(says);
  });

  it('leaves the package what it reads folders with', async () => {
    await expect(loadPipeline({})).rejects.toThrow('model_index.json is missing');
    const unet = UNet2DConditionModel.fromPretrained(path.join(MODEL, 'unet'));
    unet.dispose();
  });
});

it('a model that cannot be fetched is told with its address', async () => {
  await expect(loadPipeline('http://127.0.0.1:9/model')).rejects.toThrow(
    'http://127.0.0.1:9/model/manifest.json could not be fetched. Check the connection',
  );
});
