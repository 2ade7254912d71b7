/** Adapters of the hub: fetched as any repository, then loaded by their id. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readSafetensors, toFloat32Array } from '../../../lib/io/safetensors';
import { UNet2DConditionModel } from '../../../lib/models/unet-2d-condition';
import { loadLoraWeights } from '../../../lib/pretrained/lora';
import { goldenFolder } from '../../support/golden';
import { outputOf } from '../../support/lora';
import { fixtureModelFolder } from '../../support/model';
import { useHub } from './hub-fixture';

const files = goldenFolder('lora-files');
const bytes = (name: string) => readFileSync(path.join(files, name));
const README = Buffer.from('# An adapter');
const peft = Object.fromEntries(
  readdirSync(path.join(files, 'peft')).map((name) => [name, bytes(`peft/${name}`)]),
);
const hub = useHub({
  'owner/style': {
    files: {
      'README.md': README,
      'pytorch_lora_weights.safetensors': bytes('metadata.safetensors'),
    },
  },
  'owner/peft': { files: { 'README.md': README, ...peft } },
  'owner/two': {
    files: {
      'thick.safetensors': bytes('metadata.safetensors'),
      'thin.safetensors': bytes('metadata.safetensors'),
    },
  },
});
const { tensors } = readSafetensors(path.join(files, 'expected.safetensors'));
const expected = (name: string) => toFloat32Array(tensors.get(name)!);

let unet: UNet2DConditionModel;
beforeEach(
  () => void (unet = UNet2DConditionModel.fromPretrained(fixtureModelFolder('lora-unet'))),
);
afterEach(() => unet.dispose());

it.each([
  ['owner/style', {}, 'metadata.safetensors'],
  ['owner/peft', {}, 'peft'],
  ['owner/two', { weightName: 'thick.safetensors' }, 'metadata.safetensors'],
])('%s %o is loaded by its id', async (id, options, name) => {
  await hub.download(id);
  loadLoraWeights(unet, id, options);
  expect(outputOf(unet)).toBeCloseToMax(expected(`${name}.unet`), 2e-5);
});

it('is not fetched unasked; says which call does it, and which files there are', async () => {
  expect(() => loadLoraWeights(unet, 'owner/style')).toThrow(
    /no such folder, and no model owner\/style in the hub's cache .* await sd\.snapshotDownload\('owner\/style'\)/,
  );
  await hub.download('owner/two');
  expect(() => loadLoraWeights(unet, 'owner/two')).toThrow(
    /found thick\.safetensors, thin\.safetensors: name one by weightName/,
  );
  expect(() => loadLoraWeights(unet, 'owner/two', { weightName: 'none.safetensors' })).toThrow(
    /none\.safetensors/,
  );
  expect(hub.server.requests.filter(({ url }) => url.includes('style'))).toEqual([]);
});
