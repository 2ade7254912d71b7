/**
 * Noise schedules: how much noise each step of the forward process adds (betas), and how much of the
 * image is left after it (alphas_cumprod, ᾱ). Numbers are rounded to float32 wherever PyTorch does.
 *
 * After diffusers' schedulers/scheduling_ddpm.py; squaredcos_cap_v2 is the cosine schedule of
 * Nichol & Dhariwal 2021, "Improved denoising diffusion probabilistic models".
 */

export const BETA_SCHEDULES = ['linear', 'scaled_linear', 'squaredcos_cap_v2'] as const;
export type BetaSchedule = (typeof BETA_SCHEDULES)[number];

/** `n` evenly spaced float32 from start to end; the second half counts back from the end, as torch. */
function linspace(start: number, end: number, n: number): Float32Array {
  const [first, last] = [Math.fround(start), Math.fround(end)];
  const step = n > 1 ? Math.fround(Math.fround(last - first) / (n - 1)) : 0;
  return Float32Array.from({ length: n }, (_, i) =>
    i < Math.floor(n / 2) || n === 1 ? first + step * i : last - step * (n - 1 - i),
  );
}

/** Share of the image's variance that is left at time t in [0, 1] of the cosine schedule. */
const cosineAlphaBar = (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2;

const MAX_BETA = 0.999;

/**
 * The variance that each step adds.
 *
 * @param betaStart,betaEnd first and last beta in (0, 1); not used by squaredcos_cap_v2
 * @returns float32 of length `numTrainTimesteps`
 */
export function makeBetas(
  schedule: BetaSchedule,
  numTrainTimesteps: number,
  betaStart: number,
  betaEnd: number,
): Float32Array {
  switch (schedule) {
    case 'linear':
      return linspace(betaStart, betaEnd, numTrainTimesteps);
    case 'scaled_linear':
      return linspace(Math.sqrt(betaStart), Math.sqrt(betaEnd), numTrainTimesteps).map(
        (r) => r * r,
      );
    case 'squaredcos_cap_v2':
      return Float32Array.from({ length: numTrainTimesteps }, (_, i) => {
        const before = cosineAlphaBar(i / numTrainTimesteps);
        const after = cosineAlphaBar((i + 1) / numTrainTimesteps);
        return Math.min(1 - after / before, MAX_BETA);
      });
  }
}

/** ᾱ: the running product of 1 − beta (float32; summed up in double precision, as torch on a CPU). */
export function cumulativeAlphas(betas: Float32Array): Float32Array {
  let product = 1;
  return betas.map((beta) => (product *= Math.fround(1 - beta)));
}

/**
 * Betas moved so that the last step leaves nothing of the image (ᾱ = 0), while the first is unchanged.
 * Lin et al. 2023, "Common diffusion noise schedules and sample steps are flawed", algorithm 1.
 */
export function rescaleZeroTerminalSnr(betas: Float32Array): Float32Array {
  const roots = cumulativeAlphas(betas).map(Math.sqrt);
  const [first, last] = [roots[0]!, roots[roots.length - 1]!];
  // A single step is the last one (torch divides by 0 here).
  const scale = roots.length === 1 ? 0 : Math.fround(first / Math.fround(first - last));
  const alphasBar = roots.map((root) => {
    const moved = Math.fround(Math.fround(root - last) * scale);
    return moved * moved;
  });
  return alphasBar.map(
    (alphaBar, t) => 1 - Math.fround(t ? alphaBar / alphasBar[t - 1]! : alphaBar),
  );
}
