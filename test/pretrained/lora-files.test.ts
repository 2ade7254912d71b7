/** Files of adapters: those that diffusers and peft wrote, our own in every spelling, and what is no adapter of these models. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import {
  fromFloat32Array,
  readSafetensors,
  toFloat32Array,
  writeSafetensors,
  type SafetensorsTensor,
} from '../../lib/io/safetensors';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import {
  addAdapter,
  deleteAdapters,
  getListAdapters,
  setAdapters,
} from '../../lib/nn/lora/adapters';
import { loadLoraWeights, saveLoraWeights } from '../../lib/pretrained/lora';
import { temporaryFolder } from '../parity/python';
import { goldenFolder, loadGolden } from '../support/golden';
import { ATTENTION, giveDrawn, outputOf } from '../support/lora';
import { fixtureModelFolder } from '../support/model';

const files = goldenFolder('lora-files');
const unetFolder = fixtureModelFolder('lora-unet');
const textFolder = fixtureModelFolder('lora-text');
const ids = loadGolden('lora-text').get('in.input_ids')!;
const { tensors } = readSafetensors(path.join(files, 'expected.safetensors'));
const expected = (name: string) => toFloat32Array(tensors.get(name)!);

let models: { unet: UNet2DConditionModel; textEncoder: CLIPTextModel };
beforeEach(() => {
  models = {
    unet: UNet2DConditionModel.fromPretrained(unetFolder),
    textEncoder: CLIPTextModel.fromPretrained(textFolder),
  };
});
afterEach(() => {
  models.unet.dispose();
  models.textEncoder.dispose();
});

const embeddings = () =>
  tf.tidy(() =>
    models.textEncoder.lastHiddenState(tf.tensor2d(ids.data, [2, 8], 'int32')).dataSync(),
  );

describe('a file of diffusers or peft', () => {
  const names = readdirSync(files).filter((name) => !name.startsWith('expected'));
  it.each(names)('%s changes as much as there', (name) => {
    const file = path.join(files, name);
    expect(loadLoraWeights(models, file)).toBe('default_0');
    expect(outputOf(models.unet)).toBeCloseToMax(expected(`${name}.unet`), 2e-5);
    if (name.startsWith('text')) {
      expect(embeddings()).toBeCloseToMax(expected(`${name}.text`), 2e-5);
    }
  });

  it('is found in its folder, and goes on one model by itself', () => {
    loadLoraWeights(models.unet, files, { weightName: 'metadata.safetensors', adapterName: 'a' });
    expect(outputOf(models.unet)).toBeCloseToMax(expected('metadata.safetensors.unet'), 2e-5);
    loadLoraWeights(models.unet, path.join(files, 'peft'));
    expect(outputOf(models.unet)).toBeCloseToMax(expected('peft.unet'), 2e-5);
    expect(getListAdapters(models)).toEqual({ unet: ['a', 'default_1'], text_encoder: [] });
  });

  it('leaks nothing', () => {
    expect(() => {
      loadLoraWeights(models, path.join(files, 'patterns.safetensors'));
      deleteAdapters(models, 'default_0');
    }).toLeakNothing();
  });
});

describe('saveLoraWeights', () => {
  const config = {
    r: 2,
    loraAlpha: 6,
    targetModules: [...ATTENTION, 'conv1', 'ff.net.2'],
    rankPattern: { conv1: 3 },
    alphaPattern: { 'attn2.to_q': 1 },
    initLoraWeights: false,
  };

  it.each(['diffusers', 'scripts', 'kohya'] as const)('%s loads as it was', (spelling) => {
    const folder = temporaryFolder();
    addAdapter(models.unet, config, 'style');
    addAdapter(models.textEncoder, { ...config, targetModules: ['q_proj', 'fc2'] }, 'style');
    const [image, text] = [outputOf(models.unet), embeddings()];
    saveLoraWeights(models, folder, { spelling });
    deleteAdapters(models, 'style');
    expect(outputOf(models.unet)).not.toBeCloseToMax(image, 1e-2);
    loadLoraWeights(models, folder, { adapterName: 'again' });
    expect(outputOf(models.unet)).toEqual(image);
    expect(embeddings()).toEqual(text);
    // and once more, from what was loaded
    saveLoraWeights(models, path.join(folder, 'more'), { spelling });
    deleteAdapters(models, 'again');
    loadLoraWeights(models, path.join(folder, 'more'));
    expect(outputOf(models.unet)).toEqual(image);
  });

  it('peft writes a folder of one model', () => {
    const folder = temporaryFolder();
    addAdapter(models.unet, config);
    const image = outputOf(models.unet);
    saveLoraWeights(models.unet, folder, { spelling: 'peft' });
    expect(readdirSync(folder).sort()).toEqual([
      'adapter_config.json',
      'adapter_model.safetensors',
    ]);
    deleteAdapters(models.unet, 'default');
    loadLoraWeights(models, folder);
    expect(outputOf(models.unet)).toEqual(image);
    addAdapter(models.textEncoder, { targetModules: ['q_proj'] }, 'default_0');
    expect(() => saveLoraWeights(models, folder, { spelling: 'peft' })).toThrow(/of one/);
  });

  it('keeps alpha, which the plain file of Python loses', () => {
    const folder = temporaryFolder();
    addAdapter(models.unet, { r: 4, loraAlpha: 8, targetModules: ATTENTION }, 'attention');
    giveDrawn(models.unet, 'attention', loadGolden('lora-unet'));
    saveLoraWeights(models, folder);
    setAdapters(models, []);
    loadLoraWeights(models, folder);
    expect(outputOf(models.unet)).toBeCloseToMax(
      loadGolden('lora-unet').get('attention.sample')!.data,
      2e-5,
    );
  });
});

describe('refuses', () => {
  const plain = outputOfFresh();
  function outputOfFresh() {
    return loadGolden('lora-unet').get('plain.sample')!.data;
  }
  const source = readSafetensors(path.join(files, 'metadata.safetensors'));
  const Q = 'unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q.lora';

  type Change = (tensors: Map<string, SafetensorsTensor>, metadata: Record<string, string>) => void;
  const told = (change: (config: Record<string, unknown>) => void): Change => {
    return (_, metadata) => {
      const config = JSON.parse(metadata['lora_adapter_metadata']!) as Record<string, unknown>;
      change(config);
      metadata['lora_adapter_metadata'] = JSON.stringify(config);
    };
  };
  const ones = (...shape: number[]) =>
    fromFloat32Array(new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(1), shape);

  const cases: readonly [string, Change, RegExp][] = [
    [
      'unknown keys, all of them',
      (t) => {
        for (let i = 0; i < 30; i++) t.set(`unet.nowhere.${i}.lora_A.weight`, ones(2, 2));
      },
      /30 keys name none[^]*nowhere\.0\.lora_A[^]*nowhere\.29\.lora_A/,
    ],
    [
      'a key that is no adapter',
      (t) => t.set('unet.conv_in.weight', ones(2)),
      /unet\.conv_in\.weight/,
    ],
    ['half of a layer', (t) => t.delete(`${Q}.down.weight`), /attn2\.to_q: lora_A/],
    ['the other half', (t) => t.delete(`${Q}.up.weight`), /attn2\.to_q: lora_B/],
    [
      'a layer of another width',
      (t) => t.set(`${Q}.down.weight`, ones(2, 48)),
      /another model[^]*\[2, 32\], got \[2, 48\]/,
    ],
    [
      'an output of another width',
      (t) => t.set(`${Q}.up.weight`, ones(48, 2)),
      /\[32, 2\], got \[48, 2\]/,
    ],
    [
      'halves of two ranks',
      (t) => t.set(`${Q}.up.weight`, ones(32, 3)),
      /\[32, 2\], got \[32, 3\]/,
    ],
    [
      'a convolution for a matrix',
      (t) => t.set(`${Q}.down.weight`, ones(2, 32, 3, 3)),
      /\[2, 32\], got/,
    ],
    ['rank 0', (t) => t.set(`${Q}.down.weight`, ones(0, 32)), /got \[0, 32\]/],
    [
      'NaN',
      (t) => t.set(`${Q}.down.weight`, fromFloat32Array(new Float32Array(64).fill(NaN), [2, 32])),
      /NaN/,
    ],
    [
      'a layer twice',
      (t) => t.set(`${Q.slice(0, -5)}.lora_A.weight`, ones(2, 32)),
      /others name too/,
    ],
    ['no tensors', (t) => t.clear(), /found none/],
    ['DoRA', (t) => t.set(`${Q.slice(0, -5)}.lora_magnitude_vector`, ones(32)), /DoRA/],
    [
      'a second text encoder',
      (t) => t.set('text_encoder_2.encoder.layers.0.self_attn.q_proj.lora_A.weight', ones(2, 32)),
      /second text/,
    ],
    [
      'alpha 0',
      (t) => t.set(`${Q.slice(0, -5)}.alpha`, fromFloat32Array(Float32Array.of(0), [])),
      /alpha/,
    ],
    [
      'alpha of two kinds',
      (t) => t.set(`${Q.slice(0, -5)}.alpha`, fromFloat32Array(Float32Array.of(5), [])),
      /config says alpha 6, its tensor 5/,
    ],
    ['metadata that are no JSON', (_, m) => (m['lora_adapter_metadata'] = '{'), /JSON/],
    ['metadata without r', told((c) => delete c['unet.r']), /r: expected an integer/],
    ['another r', told((c) => (c['unet.r'] = 4)), /config says r 4, its tensors have 2/],
    ['r as a text', told((c) => (c['unet.r'] = '2')), /r: expected an integer/],
    ['a negative alpha', told((c) => (c['unet.lora_alpha'] = -1)), /lora_alpha/],
    ['DoRA in its config', told((c) => (c['unet.use_dora'] = true)), /use_dora/],
    ['biases', told((c) => (c['unet.bias'] = 'all')), /bias/],
    [
      'other modules saved',
      told((c) => (c['unet.modules_to_save'] = ['conv_in'])),
      /modules_to_save/,
    ],
    ['a pattern that is none', told((c) => (c['unet.rank_pattern'] = { '(': 2 })), /rank_pattern/],
    ['LoKr', told((c) => (c['unet.peft_type'] = 'LOKR')), /peft_type/],
  ];

  it.each(cases)('%s', (_, change, message) => {
    const folder = temporaryFolder();
    const [tensors, metadata] = [new Map(source.tensors), { ...source.metadata }];
    change(tensors, metadata);
    const file = path.join(folder, 'changed.safetensors');
    writeSafetensors(file, tensors, metadata);
    const before = tf.memory().numTensors;
    expect(() => loadLoraWeights(models, file)).toThrow(message);
    expect(tf.memory().numTensors).toBe(before);
    expect(getListAdapters(models)).toEqual({ unet: [], text_encoder: [] });
    expect(outputOf(models.unet)).toBeCloseToMax(plain, 2e-5);
  });

  it('what is no file, a pickle, or one of several', () => {
    const folder = temporaryFolder();
    expect(() => loadLoraWeights(models, path.join(folder, 'none'))).toThrow(/no such file/);
    expect(() => loadLoraWeights(models, folder)).toThrow(/no safetensors file/);
    writeFileSync(path.join(folder, 'adapter_model.bin'), 'pickle');
    expect(() => loadLoraWeights(models, folder)).toThrow(/pickle/);
    writeFileSync(path.join(folder, 'cut.safetensors'), 'x');
    expect(() => loadLoraWeights(models, folder, { weightName: 'cut.safetensors' })).toThrow(
      /safetensors/,
    );
    expect(() => loadLoraWeights(models, files)).toThrow(/weightName/);
    mkdirSync(path.join(folder, 'sub'));
  });

  it('text keys where there is no text encoder, names that are taken, targets that are none', () => {
    const text = path.join(files, 'text.safetensors');
    expect(() => loadLoraWeights({ unet: models.unet }, text)).toThrow(/Pass the text encoder/);
    const file = path.join(files, 'metadata.safetensors');
    loadLoraWeights(models, file, { adapterName: 'a' });
    expect(() => loadLoraWeights(models, file, { adapterName: 'a' })).toThrow(/already has/);
    expect(() => loadLoraWeights(models, file, { adapterName: 'a.b' })).toThrow(/without dots/);
    expect(() => loadLoraWeights(null as never, file)).toThrow(/Expected a model/);
    expect(() => saveLoraWeights(models, temporaryFolder(), { adapterName: 'b' })).toThrow(/'a'/);
    expect(() => saveLoraWeights(models, temporaryFolder(), { spelling: 'x' as never })).toThrow(
      /spelling/,
    );
  });
});
