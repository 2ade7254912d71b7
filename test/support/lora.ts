import { tf } from '../../lib/backend';
import { adapterParameters } from '../../lib/nn/lora/weights';
import { loadStateDict, torchShape, type StateDict } from '../../lib/nn/state-dict';
import type { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { loadGolden, type GoldenTensor } from './golden';
import { nchw, nhwc } from './model';

/** Targets that diffusers' scripts take. */
export const ATTENTION = ['to_q', 'to_k', 'to_v', 'to_out.0'];

/** The tensors of a case whose names begin so, without that beginning. */
export function under(golden: ReadonlyMap<string, GoldenTensor>, prefix: string): StateDict {
  const found = [...golden].filter(([name]) => name.startsWith(`${prefix}.`));
  return new Map(
    found.map(([name, { shape, data }]) => [
      name.slice(prefix.length + 1),
      { shape, data: Float32Array.from(data) },
    ]),
  );
}

/** Gives an adapter the weights that a case drew for it. */
export function giveDrawn(
  model: object,
  adapterName: string,
  golden: ReadonlyMap<string, GoldenTensor>,
  { zeroB = false } = {},
): void {
  const tree = Object.fromEntries(adapterParameters(model, adapterName));
  const drawn = under(golden, `lora.${adapterName}`);
  const state = new Map(
    Object.entries(tree).map(([name, variable]) => {
      const zeros = { shape: torchShape(variable), data: new Float32Array(variable.size) };
      return [name, zeroB && name.includes('lora_B') ? zeros : drawn.get(name)!];
    }),
  );
  loadStateDict(tree, state, adapterName);
}

/** The inputs of test/fixtures/lora-unet as tensors; the caller disposes them. */
export function unetInputs(golden = loadGolden('lora-unet')) {
  const context = golden.get('in.encoder_hidden_states')!;
  return {
    sample: nhwc(golden.get('in.sample')!),
    timestep: tf.tensor1d(golden.get('in.timestep')!.data, 'int32'),
    context: tf.tensor3d(context.data, context.shape as [number, number, number]),
    noise: nhwc(golden.get('in.noise')!),
  };
}

/** The UNet's output for the case's inputs, in torch's order. */
export function outputOf(unet: UNet2DConditionModel): Float32Array {
  return tf.tidy(() => {
    const { sample, timestep, context } = unetInputs();
    return nchw(unet.forward(sample, timestep, context));
  });
}
