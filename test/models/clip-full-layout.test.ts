import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { namedParameters, numParameters, toHost } from '../../lib/nn/state-dict';
import { seededRandom } from '../support/soak';
import { entry, file } from '../io/safetensors/bytes';

/** Shapes of openai/clip-vit-base-patch32's joint checkpoint, by name: 398 weights and the two position_ids of old versions. */
function jointShapes(): [name: string, dtype: string, shape: number[]][] {
  const layers = (tower: string, width: number) =>
    Array.from({ length: 12 }, (_, i) => {
      const layer = `${tower}.encoder.layers.${i}`;
      const linear = (name: string, out: number, inner: number): [string, number[]][] => [
        [`${layer}.${name}.weight`, [out, inner]],
        [`${layer}.${name}.bias`, [out]],
      ];
      const norm = (name: string): [string, number[]][] => [
        [`${layer}.${name}.weight`, [width]],
        [`${layer}.${name}.bias`, [width]],
      ];
      return [
        ...['k_proj', 'v_proj', 'q_proj', 'out_proj'].flatMap((p) =>
          linear(`self_attn.${p}`, width, width),
        ),
        ...norm('layer_norm1'),
        ...linear('mlp.fc1', 4 * width, width),
        ...linear('mlp.fc2', width, 4 * width),
        ...norm('layer_norm2'),
      ];
    }).flat();
  const floats: [string, number[]][] = [
    ['text_model.embeddings.token_embedding.weight', [49408, 512]],
    ['text_model.embeddings.position_embedding.weight', [77, 512]],
    ...layers('text_model', 512),
    ['text_model.final_layer_norm.weight', [512]],
    ['text_model.final_layer_norm.bias', [512]],
    ['logit_scale', []],
    ['text_projection.weight', [512, 512]],
    ['visual_projection.weight', [512, 768]],
    ['vision_model.embeddings.class_embedding', [768]],
    ['vision_model.embeddings.patch_embedding.weight', [768, 3, 32, 32]],
    ['vision_model.embeddings.position_embedding.weight', [50, 768]],
    ['vision_model.pre_layrnorm.weight', [768]],
    ['vision_model.pre_layrnorm.bias', [768]],
    ...layers('vision_model', 768),
    ['vision_model.post_layernorm.weight', [768]],
    ['vision_model.post_layernorm.bias', [768]],
  ];
  return [
    ['text_model.embeddings.position_ids', 'I64', [1, 77]],
    ['vision_model.embeddings.position_ids', 'I64', [1, 50]],
    ...floats.map(([name, shape]) => [name, 'F16', shape] as [string, string, number[]]),
  ];
}

let folder: string;
const bytesOf = (dtype: string, shape: number[]) =>
  shape.reduce((product, size) => product * size, dtype === 'I64' ? 8 : 2);

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'clip-full-'));
  const shapes = jointShapes();
  let end = 0;
  const entries = shapes.map(([name, dtype, shape]) => {
    const begin = end;
    end += bytesOf(dtype, shape);
    return entry(name, `"${dtype}"`, JSON.stringify(shape), `[${begin},${end}]`);
  });
  const start = file(`{${entries.join()}}`);
  const handle = openSync(path.join(folder, 'model.safetensors'), 'w');
  writeSync(handle, start);
  ftruncateSync(handle, start.length + end); // the vision part stays a hole
  // The text part gets random float16 of about ±0.06: any bits with a small exponent.
  const random = seededRandom(1);
  const block = new Uint16Array(1 << 20).map(
    () => (random() < 0.5 ? 0x8000 : 0) + 0x2800 + Math.floor(random() * 0x400),
  );
  const textEnd = 77 * 8 + 50 * 8 + 63_165_952 * 2;
  for (let at = 77 * 8 + 50 * 8; at < textEnd; at += block.byteLength) {
    writeSync(handle, block, 0, Math.min(block.byteLength, textEnd - at), start.length + at);
  }
  closeSync(handle);
  const text_config = { hidden_size: 512, eos_token_id: 2, bos_token_id: 0, projection_dim: 512 };
  const config = { model_type: 'clip', text_config, vision_config: { hidden_size: 768 } };
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config));
});
afterAll(() => rmSync(folder, { recursive: true }));

it('the joint checkpoint of CLIP ViT-B/32 in its real names and shapes loads as a text encoder', () => {
  expect(jointShapes()).toHaveLength(400);
  const before = tf.memory().numTensors;
  const model = CLIPTextModel.fromPretrained(folder);
  expect(numParameters(model)).toBe(63_165_952);
  expect(namedParameters(model).size).toBe(196);
  const weight = namedParameters(model).get('encoder.layers.11.mlp.fc2.weight')!;
  const { shape, data } = toHost(weight);
  expect(shape).toEqual([512, 2048]);
  const magnitudes = data.slice(0, 1000).map(Math.abs);
  expect(Math.min(...magnitudes)).toBeGreaterThanOrEqual(2 ** -5);
  expect(Math.max(...magnitudes)).toBeLessThan(2 ** -4);
  const output = tf.tidy(() =>
    model.lastHiddenState(tf.tensor2d([[49406, 320, 49407]], [1, 3], 'int32')).dataSync(),
  );
  expect(output).toHaveLength(3 * 512);
  expect(output.every(Number.isFinite)).toBe(true);
  model.dispose();
  expect(tf.memory().numTensors).toBe(before);
});
