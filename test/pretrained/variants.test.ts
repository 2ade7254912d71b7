/** `fromPretrained` with the option `variant`, and what it says where the option is missing or wrong. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors';
import { withVariant } from '../../lib/io/safetensors/weight-names';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { stateDict } from '../../lib/nn/state-dict';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { tinyParts } from '../support/tiny-model';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'variants-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const at = (...names: string[]) => path.join(folder, ...names);

/** A folder with a UNet and a text encoder. */
function save(): void {
  const { unet, textEncoder } = tinyParts(3);
  unet.savePretrained(at('unet'));
  textEncoder.savePretrained(at('text_encoder'));
  unet.dispose();
  textEncoder.dispose();
}

const MODELS = [
  ['UNet2DConditionModel', UNet2DConditionModel, 'unet', 'diffusion_pytorch_model.safetensors'],
  ['CLIPTextModel', CLIPTextModel, 'text_encoder', 'model.safetensors'],
] as const;

describe.each(MODELS)('%s', (_, Model, part, fileName) => {
  const load = (variant?: string) => {
    const model = Model.fromPretrained(at(part), { variant });
    const weights = new Map([...stateDict(model)].map(([name, { data }]) => [name, [...data]]));
    model.dispose();
    return weights;
  };

  it('reads the variant, whole', () => {
    save();
    const plain = load();
    renameSync(at(part, fileName), at(part, withVariant(fileName, 'fp16')));
    expect(load('fp16')).toEqual(plain);
    expect(() => Model.fromPretrained(at(part), { variant: 'fp16' }).dispose()).toLeakNothing();
  });

  it.each([
    [`${fileName}.index.fp16.json`, 'fp16-00001-of-00002'],
    [`${fileName.replace('.safetensors', '.safetensors.fp16.index.json')}`, 'fp16-00001-of-00002'],
    [`${withVariant(fileName, 'fp16')}.index.json`, '00001-of-00002.fp16'],
  ])('reads the variant in shards with %s', (index, end) => {
    save();
    const plain = load();
    const tensors = [...readSafetensors(at(part, fileName)).tensors];
    rmSync(at(part, fileName));
    const stem = fileName.replace('.safetensors', '');
    const first = `${stem}${end.startsWith('fp16') ? '.' : '-'}${end}.safetensors`;
    const second = first.replace('00001', '00002');
    const half = tensors.length >> 1;
    writeSafetensors(at(part, first), new Map(tensors.slice(0, half)));
    writeSafetensors(at(part, second), new Map(tensors.slice(half)));
    const weight_map = Object.fromEntries(
      tensors.map(([name], i) => [name, i < half ? first : second]),
    );
    writeFileSync(at(part, index), JSON.stringify({ metadata: {}, weight_map }));
    expect(load('fp16')).toEqual(plain);
    expect(() => load()).toThrow(/pass \{ variant: 'fp16' \} to read it/);
    rmSync(at(part, second));
    expect(() => load('fp16')).toThrow(`${second}: no such file`);
  });

  it('names the file and the option where only a variant is there', () => {
    save();
    const half = withVariant(fileName, 'fp16');
    renameSync(at(part, fileName), at(part, half));
    const message = `${at(part, fileName)}: no such file. The folder has ${half}: pass { variant: 'fp16' } to read it.`;
    expect(() => load()).toThrow(message);
    expect(() => load('bf16')).toThrow(`The folder has ${half}: pass { variant: 'fp16' }`);
  });

  it('names the file that is there without the variant', () => {
    save();
    expect(() => load('fp16')).toThrow(
      `${withVariant(fileName, 'fp16')}: no such file. The folder has ${fileName}: leave out 'variant'`,
    );
  });

  it('names the index that shards are without', () => {
    save();
    rmSync(at(part, fileName));
    const shard = `${fileName.replace('.safetensors', '')}-00001-of-00002.safetensors`;
    writeFileSync(at(part, shard), '');
    expect(() => load()).toThrow(
      `The folder has ${shard}, but not the index ${fileName}.index.json`,
    );
  });

  it('refuses a variant that leaves the folder', () => {
    save();
    expect(() => load('../fp16')).toThrow(/expected a variant like 'fp16'/);
    expect(() => load('')).toThrow(/expected a variant like 'fp16'/);
  });
});

describe('a pipeline', () => {
  const savePipeline = () => {
    const parts = tinyParts(4);
    const pipeline = new TextToImagePipeline(parts);
    pipeline.savePretrained(folder);
    pipeline.dispose();
  };
  const UNET = 'diffusion_pytorch_model.safetensors';

  it('takes the variant of the parts that have it', () => {
    savePipeline();
    renameSync(at('unet', UNET), at('unet', withVariant(UNET, 'fp16')));
    TextToImagePipeline.fromPretrained(folder, { variant: 'fp16' }).dispose();
    expect(() => TextToImagePipeline.fromPretrained(folder)).toThrow(
      /unet.*no such file.*variant: 'fp16'/,
    );
  });

  it('none of whose parts has it', () => {
    savePipeline();
    expect(() => TextToImagePipeline.fromPretrained(folder, { variant: 'fp16' })).toThrow(
      /expected weights of the variant 'fp16' in (unet or text_encoder|text_encoder or unet), found none/,
    );
  });
});

it('the folder that is not there stays the one that is named', () => {
  mkdirSync(at('empty'));
  expect(() => UNet2DConditionModel.fromPretrained(at('empty'))).toThrow(
    /config\.json: no such file\. Check the folder's name\./,
  );
});
