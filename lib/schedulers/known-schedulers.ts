/**
 * The schedulers of diffusers 0.42 that sample over a schedule of betas, and the keys of their configs, from
 * their `__init__`: test/parity/scheduler-configs.test.ts compares them with the installed classes.
 */

/**
 * The keys of all schedulers that diffusers exchanges for each other (`KarrasDiffusionSchedulers`). A class takes
 * those that it has and ignores the others.
 */
const COMPATIBLE_KEYS: ReadonlySet<string> = new Set(
  (
    'algorithm_type beta_end beta_schedule beta_start clip_sample clip_sample_range disable_corrector ' +
    'dynamic_thresholding_ratio euler_at_final final_sigmas_type flow_shift interpolation_type ' +
    'lambda_min_clipped lower_order_final num_train_timesteps predict_x0 prediction_type ' +
    'rescale_betas_zero_snr rho sample_max_value set_alpha_to_one shift_terminal sigma_data sigma_max ' +
    'sigma_min sigma_schedule skip_prk_steps solver_order solver_p solver_type steps_offset thresholding ' +
    'time_shift_type timestep_spacing timestep_type trained_betas use_beta_sigmas use_dynamic_shifting ' +
    'use_exponential_sigmas use_flow_sigmas use_karras_sigmas use_lu_lambdas variance_type'
  ).split(' '),
);

/**
 * By class, the keys that are not among the compatible ones: ignored in a config of that class alone. Not here are
 * CogVideoX's schedulers: what their models are trained with is more than betas (snr_shift_scale).
 */
const OWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  DDIMInverseScheduler: [],
  DDIMParallelScheduler: [],
  DDIMScheduler: [],
  DDPMParallelScheduler: [],
  DDPMScheduler: [],
  DEISMultistepScheduler: [],
  DPMSolverMultistepInverseScheduler: [],
  DPMSolverMultistepScheduler: [],
  DPMSolverSDEScheduler: ['noise_sampler_seed'],
  DPMSolverSinglestepScheduler: [],
  EulerAncestralDiscreteScheduler: [],
  EulerDiscreteScheduler: [],
  HeunDiscreteScheduler: [],
  KDPM2AncestralDiscreteScheduler: [],
  KDPM2DiscreteScheduler: [],
  LCMScheduler: ['original_inference_steps', 'timestep_scaling'],
  LMSDiscreteScheduler: [],
  PNDMScheduler: [],
  RePaintScheduler: ['eta'],
  SASolverScheduler: ['predictor_order', 'corrector_order', 'tau_func'],
  TCDScheduler: ['original_inference_steps', 'timestep_scaling'],
  UnCLIPScheduler: [],
  UniPCMultistepScheduler: [],
};

/** The class without the `Flax` of a checkpoint that was saved from JAX. */
const plainName = (className: string) => className.replace(/^Flax/, '');

/** Whether diffusers has a scheduler of that name that samples over betas, as all of this room do. */
export function isKnownScheduler(className: string): boolean {
  return Object.hasOwn(OWN_KEYS, plainName(className));
}

/** Keys that early versions of diffusers wrote, with the values that change nothing. */
const FORMER_KEYS: Readonly<Record<string, (value: unknown) => boolean>> = {
  predict_epsilon: (value) => value === true, // false is prediction_type 'sample'
  tensor_format: (value) => typeof value === 'string',
  timestep_values: (value) => value === null,
  timesteps: (value) => typeof value === 'number',
};

/** Whether diffusers' schedulers exchange the key: it stays in the configs of those that do not have it. */
export function isCompatibleKey(key: string): boolean {
  return COMPATIBLE_KEYS.has(key);
}

/** Whether some scheduler of diffusers has, or once had, the key, in a config of that class. */
export function isKnownKey(key: string, value: unknown, className: string): boolean {
  if (Object.hasOwn(FORMER_KEYS, key)) return FORMER_KEYS[key]!(value);
  return isCompatibleKey(key) || (OWN_KEYS[plainName(className)] ?? []).includes(key);
}

/** Names of the classes. */
export const KNOWN_SCHEDULERS = Object.keys(OWN_KEYS);
