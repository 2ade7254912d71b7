import { tf } from '../backend';
import type { TextEncoder } from '../conditioning/text-encoder';
import type { CLIPTextModel } from '../models/clip-text-model';
import type { UNet2DConditionModel } from '../models/unet-2d-condition';
import { checkOptions, isPositive, shown, type OptionRules } from '../options';
import type { RandomKey } from '../random';
import type { FlowMatchEulerDiscreteScheduler } from '../schedulers/flow-match-euler-discrete';
import {
  drawDensity,
  flowMatchLoss,
  WEIGHTING_SCHEMES,
  type DensityOptions,
  type FlowMatchBatch,
} from './flow-match-loss';
import { TextToImageObjective } from './text-to-image-objective';
import type { TextToImageOptions } from './text-to-image-options';
import type { TextToImageTrainingParts, TrainedModel } from './text-to-image-parts';
import type { TimestepBias } from './timestep-bias';

/** How images and captions are trained, and where on the way from noise to image. */
export interface FlowMatchOptions
  extends
    Omit<TextToImageOptions, 'minSnrGamma' | keyof TimestepBias>,
    Partial<{ readonly [K in keyof DensityOptions]: DensityOptions[K] | undefined }> {
  /** Compares the predicted images in place of velocities: errors count σ² times. SD3's script does; default false. */
  readonly preconditionOutputs?: boolean | undefined;
}

type Own = DensityOptions & { readonly preconditionOutputs: boolean };

/** As the script, but for the outputs. */
const DEFAULTS: Own = {
  weightingScheme: 'logit_normal',
  logitMean: 0,
  logitStd: 1,
  modeScale: 1.29,
  preconditionOutputs: false,
};

const RULES: OptionRules<Own> = {
  weightingScheme: [
    `one of ${WEIGHTING_SCHEMES.join(', ')}`,
    (v) => (WEIGHTING_SCHEMES as readonly unknown[]).includes(v),
  ],
  logitMean: ['a finite number', Number.isFinite],
  logitStd: ['a finite number > 0', isPositive],
  modeScale: ['a finite number', Number.isFinite],
  preconditionOutputs: ['true or false', (v) => typeof v === 'boolean'],
};

/**
 * Images from captions by flow matching: the model learns the velocity from image to noise, at time steps σ · 1000. As
 * diffusers' train_dreambooth_sd3.py, on any UNet that takes time steps between whole ones.
 */
export class FlowMatchObjective<
  U extends TrainedModel = UNet2DConditionModel,
  T extends TextEncoder = CLIPTextModel,
> extends TextToImageObjective<U, T, FlowMatchEulerDiscreteScheduler> {
  readonly flowOptions: Own;

  /** @throws RangeError or Error naming every bad option, or what does not fit together */
  constructor(
    parts: TextToImageTrainingParts<U, T, FlowMatchEulerDiscreteScheduler>,
    options: FlowMatchOptions = {},
  ) {
    const { weightingScheme, logitMean, logitStd, modeScale, preconditionOutputs, ...rest } =
      options;
    const given = { weightingScheme, logitMean, logitStd, modeScale, preconditionOutputs };
    const own = checkOptions('FlowMatchObjective', given, DEFAULTS, RULES);
    refuseOptionsOfBetas(rest);
    super(parts, rest);
    this.flowOptions = own;
  }

  protected override drawTimesteps(count: number, key: RandomKey): tf.Tensor1D {
    return tf.tidy(() =>
      this.noiseScheduler.timestepsAt(drawDensity(this.flowOptions, count, key)),
    );
  }

  protected override lossOf(batch: FlowMatchBatch): tf.Scalar {
    const { unet, noiseScheduler, flowOptions } = this;
    const { contrastiveWeight } = this.options;
    return flowMatchLoss({ unet, noiseScheduler, ...flowOptions, contrastiveWeight }, batch);
  }

  override identity(): Readonly<Record<string, unknown>> {
    return { ...super.identity(), ...this.flowOptions };
  }
}

/** @throws RangeError for options that a schedule of betas has */
function refuseOptionsOfBetas(options: TextToImageOptions): void {
  const { minSnrGamma, timestepBiasStrategy = 'none' } = options;
  if (minSnrGamma != null) {
    throw new RangeError(
      'FlowMatchObjective: minSnrGamma: expected null: the signal-to-noise ratio is that of a schedule of betas. ' +
        'weightingScheme weighs the time steps here.',
    );
  }
  if (timestepBiasStrategy !== 'none') {
    throw new RangeError(
      `FlowMatchObjective: timestepBiasStrategy: expected 'none', got ${shown(timestepBiasStrategy)}. weightingScheme says ` +
        'here which time steps are drawn more often.',
    );
  }
}
