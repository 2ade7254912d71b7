/** Adapters that we save do in diffusers and peft what they do here. */
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { addAdapter } from '../../lib/nn/lora/adapters';
import { saveLoraWeights } from '../../lib/pretrained/lora';
import { readSafetensors, toFloat32Array } from '../../lib/io/safetensors';
import { loadGolden } from '../support/golden';
import { ATTENTION, outputOf, unetInputs } from '../support/lora';
import { fixtureModelFolder } from '../support/model';
import { MINUTES_10, runPython, temporaryFolder, writeTensors } from './python';

const folder = temporaryFolder();
let image: Float32Array;
let text: Float32Array;
let theirs: (name: string) => Float32Array;

beforeAll(() => {
  const unet = UNet2DConditionModel.fromPretrained(fixtureModelFolder('lora-unet'));
  const textEncoder = CLIPTextModel.fromPretrained(fixtureModelFolder('lora-text'));
  unet.savePretrained(path.join(folder, 'model', 'unet'));
  textEncoder.savePretrained(path.join(folder, 'model', 'text_encoder'));
  const common = { r: 2, loraAlpha: 6, initLoraWeights: false } as const;
  addAdapter(unet, {
    ...common,
    // kohya's names are read by diffusers for attention and feed-forward only
    targetModules: [...ATTENTION, 'ff.net.2'],
    rankPattern: { 'ff.net.2': 3 },
    alphaPattern: { 'attn2.to_q': 1 },
  });
  addAdapter(textEncoder, { ...common, targetModules: ['q_proj', 'out_proj'], seed: 1 });
  for (const spelling of ['diffusers', 'scripts', 'kohya'] as const) {
    saveLoraWeights({ unet, textEncoder }, path.join(folder, spelling), { spelling });
  }
  saveLoraWeights(unet, path.join(folder, 'peft'), { spelling: 'peft' });
  const { sample, timestep, context, noise } = unetInputs();
  const ids = tf.tensor2d(loadGolden('lora-text').get('in.input_ids')!.data, [2, 8], 'int32');
  writeTensors(path.join(folder, 'inputs.safetensors'), { sample, timestep, context, ids });
  image = outputOf(unet);
  text = tf.tidy(() => textEncoder.lastHiddenState(ids).dataSync<'float32'>());
  tf.dispose([sample, timestep, context, noise, ids]);
  unet.dispose();
  textEncoder.dispose();
  runPython('lora.py', folder);
  const { tensors } = readSafetensors(path.join(folder, 'out.safetensors'));
  theirs = (name) => toFloat32Array(tensors.get(name)!);
}, MINUTES_10);

it.each(['diffusers', 'scripts', 'kohya'])('%s: as here', (spelling) => {
  expect(theirs(`${spelling}.unet`)).toBeCloseToMax(image, 2e-5);
  expect(theirs(`${spelling}.text`)).toBeCloseToMax(text, 2e-5);
});

it('peft: as here', () => {
  expect(theirs('peft.unet')).toBeCloseToMax(image, 2e-5);
});
