/**
 * Options that the reference case does not cover, against diffusers 0.42.1. For every row:
 *
 *     n = torch.arange(6.); x = torch.sin(n * 2.3 + 1)[None]   # and randn_tensor → cos(n * 1.7 + i)
 *     scheduler.set_timesteps(steps)
 *     for i, t in enumerate(scheduler.timesteps):
 *         m = torch.tanh(x * 0.9 + 0.1 * torch.sin(t.float() * 0.01)) * 0.8
 *         x = scheduler.step(m, t, x, **options).prev_sample
 */
import { expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { DDIMScheduler } from '../../lib/schedulers/ddim';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { DPMSolverMultistepScheduler } from '../../lib/schedulers/dpm-solver-multistep';
import type { Scheduler } from '../../lib/schedulers/scheduler';
import { fakeModel } from './golden-run';

const make: Record<string, (config: object, options: Record<string, unknown>) => Scheduler> = {
  DDPMScheduler: (config) => new DDPMScheduler(config),
  DDIMScheduler: (config, { eta, use_clipped_model_output }) =>
    new DDIMScheduler(config, {
      eta: eta as number | undefined,
      useClippedModelOutput: use_clipped_model_output as boolean | undefined,
    }),
  DPMSolverMultistepScheduler: (config) => new DPMSolverMultistepScheduler(config),
};

// prettier-ignore
const VARIANTS: [string, object, number, Record<string, unknown>, number[]][] = [
  ["DDPMScheduler", {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction", "timestep_spacing": "trailing", "rescale_betas_zero_snr": true}, 30, {}, [-0.00649219658, -0.0850593671, -0.0212184824, 0.040812403, -0.0386332311, -0.0806087703]],
  ["DDPMScheduler", {"num_train_timesteps": 400, "beta_schedule": "scaled_linear", "timestep_spacing": "linspace", "clip_sample_range": 0.5}, 400, {}, [0.112852573, -0.129841328, -0.207608551, 0.150101304, -0.210472941, -0.112872139]],
  ["DDPMScheduler", {"beta_schedule": "squaredcos_cap_v2", "steps_offset": 1, "clip_sample": false, "prediction_type": "sample"}, 13, {}, [0.0917354077, -0.0482062511, 0.0829687864, 0.186517403, -0.0379679091, -0.0128515735]],
  ["DDIMScheduler", {"prediction_type": "v_prediction", "timestep_spacing": "trailing", "set_alpha_to_one": false}, 7, {"eta": 0.5}, [-0.0127980495, 0.0213594735, -0.0421561711, 0.00817706436, -0.139934242, 0.0559299551]],
  ["DDIMScheduler", {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "sample", "timestep_spacing": "linspace"}, 10, {"use_clipped_model_output": true}, [0.35474667, -0.038424965, -0.243226811, 0.378357917, -0.262765378, 0.0134637235]],
  ["DDIMScheduler", {"beta_schedule": "squaredcos_cap_v2", "clip_sample_range": 0.7}, 20, {"use_clipped_model_output": true, "eta": 1.0}, [0.0255481079, -0.20629476, -0.0270970222, 0.207186714, -0.201697811, -0.143297687]],
  ["DDIMScheduler", {"beta_schedule": "scaled_linear", "prediction_type": "v_prediction", "timestep_spacing": "trailing", "rescale_betas_zero_snr": true}, 20, {}, [0.2548877, -0.0581495948, -0.204518929, 0.315529257, -0.227720991, -0.0314644724]],
  ["DDIMScheduler", {"clip_sample": false, "prediction_type": "sample", "steps_offset": 1}, 9, {"eta": 0.3}, [0.366725534, -0.110499062, -0.249037579, 0.385228604, -0.227258235, -0.0823491141]],
  ["DPMSolverMultistepScheduler", {"solver_type": "heun"}, 20, {}, [32.9276505, -0.694620192, -15.462059, 50.1821442, -20.3162212, -0.33168298]],
  ["DPMSolverMultistepScheduler", {"solver_order": 1, "timestep_spacing": "leading", "steps_offset": 1}, 10, {}, [13.8659754, -0.805159748, -8.79122066, 20.6465836, -10.8513613, -0.420702308]],
  ["DPMSolverMultistepScheduler", {"beta_schedule": "scaled_linear", "final_sigmas_type": "sigma_min", "lower_order_final": false}, 10, {}, [8.60784531, -0.40231207, -3.95900774, 12.670866, -5.15863657, -0.215759456]],
  ["DPMSolverMultistepScheduler", {"final_sigmas_type": "sigma_min", "euler_at_final": true, "prediction_type": "sample"}, 16, {}, [0.497448057, -0.0240520258, -0.312624305, 0.530785084, -0.341226637, 0.0465468206]],
  ["DPMSolverMultistepScheduler", {"beta_schedule": "squaredcos_cap_v2", "lambda_min_clipped": -5.1}, 12, {}, [54.4085464, -0.408086985, -27.8912258, 69.7070236, -33.8154335, 0.342367709]],
  ["DPMSolverMultistepScheduler", {"beta_schedule": "squaredcos_cap_v2", "timestep_spacing": "trailing", "prediction_type": "v_prediction", "rescale_betas_zero_snr": true}, 25, {}, [0.280037731, -0.0686582476, -0.230840474, 0.347131819, -0.256377816, -0.0389243551]],
];

it.each(VARIANTS)('%s %j, %i steps %j', (name, config, steps, options, expected) => {
  const scheduler = make[name]!(config, options);
  scheduler.setTimesteps(steps);
  expect(scheduler.timesteps.length).toBe(steps);
  const numbers = tf.range(0, 6);
  let x: tf.Tensor = numbers.mul(2.3).add(1).sin();
  let previousOriginal: tf.Tensor | null = null;
  scheduler.timesteps.forEach((t, i) => {
    const noise = numbers.mul(1.7).add(i).cos();
    const next = scheduler.step(fakeModel(x, t), t, x, noise, previousOriginal);
    [x, previousOriginal] = [next.prevSample, next.predOriginalSample];
  });
  expect(x.dataSync()).toBeCloseToMax(expected, 2e-5);
});
