import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runFunctionsEagerly } from '../../lib/jit';
import { tf } from '../../lib/backend';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { stateDict } from '../../lib/nn/state-dict';
import {
  loadCheckpoint,
  saveCheckpoint,
  type CheckpointParts,
} from '../../lib/pretrained/checkpoint';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { writeManifest } from '../../lib/io/runs/manifest';
import { tinyParts } from '../support/tiny-model';

const temporary = mkdtempSync(path.join(tmpdir(), 'checkpoint-'));
const sound = path.join(temporary, 'sound');
let parts: CheckpointParts;

beforeAll(() => {
  parts = tinyParts(5);
  saveCheckpoint(sound, parts);
});
afterAll(() => {
  parts.unet.dispose();
  parts.textEncoder.dispose();
  rmSync(temporary, { recursive: true });
});

let copies = 0;
/** A copy of the sound checkpoint. */
function copy(): string {
  const folder = path.join(temporary, `copy-${copies++}`);
  cpSync(sound, folder, { recursive: true });
  return folder;
}

type Json = Record<string, unknown>;

/** Changes a JSON file of the checkpoint. */
function edit(folder: string, file: string, change: (json: Json) => Json): void {
  const name = path.join(folder, file);
  writeFileSync(name, JSON.stringify(change(JSON.parse(readFileSync(name, 'utf8')) as Json)));
}

function dispose({ unet, textEncoder }: CheckpointParts): void {
  unet.dispose();
  textEncoder.dispose();
}

it('gives back what was saved', () => {
  const loaded = loadCheckpoint(sound);
  expect(stateDict(loaded.unet)).toEqual(stateDict(parts.unet));
  expect(stateDict(loaded.textEncoder)).toEqual(stateDict(parts.textEncoder));
  expect(loaded.unet.config).toEqual(parts.unet.config);
  expect(loaded.textEncoder.config).toEqual(parts.textEncoder.config);
  expect(loaded.scheduler.config).toEqual(parts.scheduler.config);
  const text = 'A handwritten digit 4';
  expect(loaded.tokenizer.encode(text)).toEqual(parts.tokenizer.encode(text));
  dispose(loaded);
});

it('draws the same images as before', async () => {
  const options = { seed: 1, numInferenceSteps: 2, guidanceScale: 3 };
  runFunctionsEagerly(true);
  const before = await new TextToImagePipeline(parts).generate('A handwritten digit 4', options);
  const loaded = TextToImagePipeline.fromPretrained(sound);
  const after = await loaded.generate('A handwritten digit 4', options);
  expect(after.images.data).toEqual(before.images.data);
  const again = path.join(temporary, 'again');
  loaded.savePretrained(again);
  const file = 'unet/diffusion_pytorch_model.safetensors';
  expect(readFileSync(path.join(again, file))).toEqual(readFileSync(path.join(sound, file)));
  runFunctionsEagerly(false);
  loaded.dispose();
});

it('leaks no tensor', () => {
  expect(() => dispose(loadCheckpoint(sound))).toLeakNothing();
  expect(() => saveCheckpoint(copy(), parts)).toLeakNothing();
});

it('leaves no checkpoint behind where writing over one fails', () => {
  const folder = copy();
  const blocked = path.join(folder, 'scheduler');
  rmSync(blocked, { recursive: true });
  writeFileSync(blocked, 'a file where the folder should be');
  expect(() => saveCheckpoint(folder, parts)).toThrow();
  expect(existsSync(path.join(folder, 'model_index.json'))).toBe(false);
  expect(() => loadCheckpoint(folder)).toThrow('expected a checkpoint with model_index.json');
});

describe('loadCheckpoint refuses', () => {
  function expectRefused(folder: string, ...messages: RegExp[]): void {
    const before = tf.memory().numTensors;
    for (const message of messages) expect(() => loadCheckpoint(folder)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
  }

  it('a folder that is none', () => {
    const missing = path.join(temporary, 'missing');
    expectRefused(missing, /missing: expected a checkpoint with model_index\.json, found none\. /);
  });

  it.each([
    ['unet/diffusion_pytorch_model.safetensors', /no such file/],
    ['unet/config.json', /no such file/],
    ['text_encoder/model.safetensors', /no such file/],
    ['text_encoder/config.json', /no such file/],
    ['scheduler/scheduler_config.json', /no such file/],
    ['tokenizer/tokenizer.json', /cannot be read/],
  ])('a folder without %s', (file, message) => {
    const folder = copy();
    rmSync(path.join(folder, file));
    expectRefused(folder, new RegExp(path.basename(file)), message);
  });

  it.each([
    ['unet/diffusion_pytorch_model', 'unet'],
    ['text_encoder/model', 'text_encoder'],
  ])('pickled weights: %s', (file, part) => {
    const folder = copy();
    rmSync(path.join(folder, `${file}.safetensors`));
    const pickle = part === 'unet' ? `${file}.bin` : 'text_encoder/pytorch_model.bin';
    writeFileSync(path.join(folder, pickle), 'never read');
    expectRefused(folder, /has \w+\.bin, which can run code when it is read, and is not/);
  });

  it('a scheduler of another class', () => {
    const folder = copy();
    const change = (json: Json) => ({ ...json, _class_name: 'PNDMScheduler' });
    edit(folder, 'scheduler/scheduler_config.json', change);
    expectRefused(folder, /DDPMScheduler: expected a config of this class, got one of 'PNDM/);
  });

  it('configs with unknown keys, all of them named', () => {
    for (const file of [
      'unet/config.json',
      'text_encoder/config.json',
      'scheduler/scheduler_config.json',
    ]) {
      const folder = copy();
      edit(folder, file, (json) => ({ ...json, hiden: 1, stepps: 2 }));
      expectRefused(folder, /hiden: unknown key/, /stepps: unknown key/);
    }
  });

  it('weights of other shapes than the config says', () => {
    const folder = copy();
    edit(folder, 'unet/config.json', (json) => ({ ...json, cross_attention_dim: 24 }));
    expectRefused(folder, /attn2\.to_k\.weight: expected \[32, 24\], got \[32, 32\]/);
  });

  it('weights with missing and extra keys', () => {
    const folder = copy();
    edit(folder, 'text_encoder/config.json', (json) => ({ ...json, num_hidden_layers: 2 }));
    expectRefused(folder, /Missing \(16\):\n {2}encoder\.layers\.1\./);
    edit(folder, 'unet/config.json', (json) => ({
      ...json,
      block_out_channels: [32],
      down_block_types: ['DownBlock2D'],
      up_block_types: ['UpBlock2D'],
    }));
    expectRefused(folder, /Wrong shape \(\d+\):/, /Unexpected \(\d+\):/);
  });

  it('weights that are cut short', () => {
    const folder = copy();
    const file = path.join(folder, 'unet/diffusion_pytorch_model.safetensors');
    writeFileSync(file, readFileSync(file).subarray(0, -1));
    expectRefused(folder, /diffusion_pytorch_model\.safetensors/);
  });

  it('a file that is not the one its manifest names, until it is saved anew', () => {
    const folder = copy();
    writeManifest(folder);
    dispose(loadCheckpoint(folder));
    const file = path.join(folder, 'unet/diffusion_pytorch_model.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1; // still a sound safetensors file
    writeFileSync(file, bytes);
    expectRefused(folder, /not as it was saved: unet\/diffusion_.* SHA-256 is not the manifest's/);
    saveCheckpoint(folder, parts);
    dispose(loadCheckpoint(folder));
  });

  it('files that are no JSON object', () => {
    const folder = copy();
    writeFileSync(path.join(folder, 'unet/config.json'), '{"sample_size": 28');
    expectRefused(folder, /unet\/config\.json: expected JSON, got:/);
    writeFileSync(path.join(folder, 'unet/config.json'), '[1]');
    expectRefused(folder, /unet\/config\.json: expected a JSON object/);
  });

  it('a tokenizer with more tokens than the text encoder has', () => {
    const folder = copy();
    CLIPTokenizer.fromPretrained().savePretrained(path.join(folder, 'tokenizer'));
    expectRefused(
      folder,
      /the text encoder's vocab_size \(1046\) must be at least the tokenizer's \(49408\)/,
    );
  });
});

it('saveCheckpoint refuses parts that do not fit', () => {
  const folder = path.join(temporary, 'unfit');
  const unfit = { ...parts, tokenizer: CLIPTokenizer.fromPretrained() };
  expect(() => saveCheckpoint(folder, unfit)).toThrow(/^saveCheckpoint: .*vocab_size/);
  expect(existsSync(folder)).toBe(false);
});
