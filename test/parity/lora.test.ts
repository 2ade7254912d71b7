/** Adapters that we save do in diffusers and peft what they do here. */
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { readSafetensors, toFloat32Array } from '../../lib/io/safetensors';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { addAdapter, setAdapters } from '../../lib/nn/lora/adapters';
import { saveLoraWeights } from '../../lib/pretrained/lora';
import { loadGolden } from '../support/golden';
import { ATTENTION, outputOf, unetInputs } from '../support/lora';
import { fixtureModelFolder } from '../support/model';
import { MINUTES_10, runPython, temporaryFolder, writeTensors } from './python';

const folder = temporaryFolder();
const ours = new Map<string, { readonly image: Float32Array; readonly text: Float32Array }>();
let theirs: (name: string) => Float32Array;

beforeAll(() => {
  const unet = UNet2DConditionModel.fromPretrained(fixtureModelFolder('lora-unet'));
  const textEncoder = CLIPTextModel.fromPretrained(fixtureModelFolder('lora-text'));
  unet.savePretrained(path.join(folder, 'model', 'unet'));
  textEncoder.savePretrained(path.join(folder, 'model', 'text_encoder'));
  const common = {
    r: 2,
    loraAlpha: 6,
    initLoraWeights: false,
    rankPattern: { 'ff.net.2': 3 },
  } as const;
  const targetModules = [...ATTENTION, 'ff.net.2'];
  addAdapter(unet, { ...common, targetModules, alphaPattern: { 'attn2.to_q': 1 } }, 'patterns');
  // Of kohya's names diffusers keeps no alpha that only some layers have.
  addAdapter(unet, { ...common, targetModules, seed: 2 }, 'alike');
  addAdapter(
    textEncoder,
    { ...common, targetModules: ['q_proj', 'out_proj'], rankPattern: {} },
    'patterns',
  );
  addAdapter(
    textEncoder,
    { ...common, targetModules: ['q_proj', 'out_proj'], rankPattern: {}, seed: 1 },
    'alike',
  );
  const { sample, timestep, context, noise } = unetInputs();
  const ids = tf.tensor2d(loadGolden('lora-text').get('in.input_ids')!.data, [2, 8], 'int32');
  writeTensors(path.join(folder, 'inputs.safetensors'), { sample, timestep, context, ids });
  for (const spelling of ['diffusers', 'scripts', 'kohya', 'peft'] as const) {
    const models = spelling === 'peft' ? { unet } : { unet, textEncoder };
    const adapterName = spelling === 'kohya' ? 'alike' : 'patterns';
    saveLoraWeights(models, path.join(folder, spelling), { spelling, adapterName });
    setAdapters({ unet, textEncoder }, adapterName);
    const text = tf.tidy(() => textEncoder.lastHiddenState(ids).dataSync<'float32'>());
    ours.set(spelling, { image: outputOf(unet), text });
  }
  tf.dispose([sample, timestep, context, noise, ids]);
  unet.dispose();
  textEncoder.dispose();
  runPython('lora.py', folder);
  const { tensors } = readSafetensors(path.join(folder, 'out.safetensors'));
  theirs = (name) => toFloat32Array(tensors.get(name)!);
}, MINUTES_10);

it.each(['diffusers', 'scripts', 'kohya', 'peft'])('%s: as here', (spelling) => {
  const { image, text } = ours.get(spelling)!;
  expect(theirs(`${spelling}.unet`)).toBeCloseToMax(image, 2e-5);
  if (spelling !== 'peft') expect(theirs(`${spelling}.text`)).toBeCloseToMax(text, 2e-5);
});
