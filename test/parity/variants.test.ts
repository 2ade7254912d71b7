/** Variants as diffusers and transformers save them, whole and in shards. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { parseWeightName } from '../../lib/io/safetensors/weight-names';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { stateDict } from '../../lib/nn/state-dict';
import { MINUTES_10, runPython, temporaryFolder } from './python';

const folder = temporaryFolder();
beforeAll(() => runPython('variants.py', folder), MINUTES_10);

describe.each([
  ['unet', UNet2DConditionModel, 'diffusion_pytorch_model'],
  ['text', CLIPTextModel, 'model'],
] as const)('%s', (name, Model, stem) => {
  const load = (suffix: string, variant?: string) => {
    const model = Model.fromPretrained(path.join(folder, `${name}${suffix}`), { variant });
    const weights = new Map([...stateDict(model)].map(([key, { data }]) => [key, [...data]]));
    model.dispose();
    return weights;
  };

  it.each(['', '-shards'])('%s', (suffix) => {
    const names = readdirSync(path.join(folder, `${name}${suffix}`)).filter(
      (file) => file !== 'config.json',
    );
    const parsed = names.map((file) => parseWeightName(file));
    expect(parsed.every((found) => found?.variant === 'fp16' && found.stem === stem)).toBe(true);
    const kinds = new Set(parsed.map((found) => found?.part));
    expect(kinds).toEqual(new Set(suffix === '' ? ['whole'] : ['shard', 'index']));
    expect(load(suffix, 'fp16')).toEqual(load('-plain'));
    expect(() => load(suffix)).toThrow(/pass \{ variant: 'fp16' \} to read it/);
  });
});
