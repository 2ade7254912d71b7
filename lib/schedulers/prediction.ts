/**
 * What the model's output stands for. With the noisy image x = √ᾱ·x0 + √(1−ᾱ)·ε, each kind gives both
 * x0 and ε as a linear combination of x and the output. Arithmetic is float32, as in the reference.
 */

export const PREDICTION_TYPES = ['epsilon', 'sample', 'v_prediction'] as const;
export type PredictionType = (typeof PREDICTION_TYPES)[number];

const f32 = Math.fround;

/** `sample · x + output · modelOutput`. */
export interface LinearForm {
  readonly sample: number;
  readonly output: number;
}

/**
 * x0 from the noisy image and the model's output.
 *
 * @param alpha,sigma √ᾱ and √(1−ᾱ) of the time step, float32
 */
export function originalSampleForm(type: PredictionType, alpha: number, sigma: number): LinearForm {
  switch (type) {
    case 'epsilon':
      return { sample: f32(1 / alpha), output: f32(-sigma / alpha) };
    case 'sample':
      return { sample: 0, output: 1 };
    case 'v_prediction':
      return { sample: alpha, output: -sigma };
  }
}

/** ε from the noisy image and the model's output; the arguments are those of `originalSampleForm`. */
export function noiseForm(type: PredictionType, alpha: number, sigma: number): LinearForm {
  switch (type) {
    case 'epsilon':
      return { sample: 0, output: 1 };
    case 'sample':
      return { sample: f32(1 / sigma), output: f32(-alpha / sigma) };
    case 'v_prediction':
      return { sample: sigma, output: alpha };
  }
}
