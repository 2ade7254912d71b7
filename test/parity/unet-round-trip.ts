import path from 'node:path';
import { tf } from '../../lib/backend';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import type { UNet2DConditionConfig } from '../../lib/models/unet-2d-condition-config';
import { Generator } from '../../lib/random';
import { nchw } from '../support/model';
import {
  perturb,
  readTensors,
  runPython,
  temporaryFolder,
  writeJson,
  writeTensors,
  type Numbers,
} from './python';

type Inputs = {
  readonly sample: tf.Tensor4D;
  readonly timestep: tf.Tensor1D;
  readonly context: tf.Tensor3D;
};

/**
 * UNets sent to diffusers and back by their files: ours with weights moved off their initial values, and those that
 * diffusers draws for the same configs.
 */
export class UNetRoundTrip<C extends { readonly config: Partial<UNet2DConditionConfig> }> {
  readonly names: readonly string[];
  private readonly folder = temporaryFolder();
  private readonly ours = new Map<string, Float32Array>();

  constructor(
    private readonly cases: Readonly<Record<string, C>>,
    private readonly inputsOf: (one: C, seed: number) => Inputs,
  ) {
    this.names = Object.keys(cases);
  }

  /** Runs our models, and Python for its side. For a hook. */
  run(): void {
    for (const [seed, name] of this.names.entries()) {
      const one = this.cases[name]!;
      const unet = new UNet2DConditionModel(one.config, new Generator(seed).stream('init'));
      perturb(unet, seed);
      unet.savePretrained(path.join(this.folder, 'ours', name));
      this.ours.set(name, this.outputOf(unet, name));
      unet.dispose();
      tf.tidy(() => writeTensors(this.fileOf(name), this.inputsOf(one, seed)));
    }
    const configs = this.names.map((name) => [name, this.cases[name]!.config]);
    writeJson(path.join(this.folder, 'cases.json'), Object.fromEntries(configs));
    runPython('unet.py', this.folder);
  }

  /** Our model's output [B, C, H, W]: as we, and as diffusers compute it from our files. */
  ofOurModel(name: string): { here: Float32Array; there: Float32Array } {
    return { here: this.ours.get(name)!, there: this.expected(name, 'ours').data };
  }

  /** The same of diffusers' model. */
  ofTheirModel(name: string): { here: Float32Array; there: Float32Array } {
    const unet = UNet2DConditionModel.fromPretrained(path.join(this.folder, 'theirs', name));
    const here = this.outputOf(unet, name);
    unet.dispose();
    return { here, there: this.expected(name, 'theirs').data };
  }

  private outputOf(unet: UNet2DConditionModel, name: string): Float32Array {
    return tf.tidy(() => {
      const one = this.cases[name]!;
      const { sample, timestep, context } = this.inputsOf(one, this.names.indexOf(name));
      return nchw(unet.forward(sample, timestep, context));
    });
  }

  private fileOf(name: string, suffix = ''): string {
    return path.join(this.folder, `${name}${suffix}.safetensors`);
  }

  private expected(name: string, key: 'ours' | 'theirs'): Numbers {
    return readTensors(this.fileOf(name, '.out')).get(key)!;
  }
}
