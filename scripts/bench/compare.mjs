// One comparison: both sides do the same steps, checked first, then timed in turns.
import { Side } from './side.mjs';

/** Losses are equal to this share, and sampled images (0 to 1) to this difference. */
const LOSS_TOLERANCE = 1e-4;
const IMAGE_TOLERANCE = 1e-3;

/** Of ours in bfloat16: its losses, and its images in the mean. The peer is checked in float32 there, too. */
const MIXED_TOLERANCE = 1e-3;
const MIXED_IMAGE_TOLERANCE = 1e-2;

/** The process that does a task: PyTorch's, or ours (our own eager mode stands in as a peer). */
function sideOf(task, isPeer, python) {
  const argument = JSON.stringify(task);
  if (isPeer && !task.eager) return new Side([python, '-B', 'scripts/bench/peer.py', argument]);
  const env = {
    ...(task.eager && { SDM_JIT: 'off' }),
    ...(task.eager === 'plain' && { SDM_FUSED: 'off' }),
  };
  return new Side([process.execPath, 'scripts/bench/ours.cjs', argument], env);
}

/**
 * How many steps. The checked steps warm up as well: graphs are traced and memory is taken in the first.
 *
 * @typedef {{ checked: number, rounds: number, perRound: number }} Effort
 * @param {{ peer: object, ours: object }} pair tasks
 * @param {{ inputs: string, python: string, effort: Effort }} options
 */
export async function compare(pair, { inputs, python, effort }) {
  const sides = { peer: null, ours: null };
  const times = { peer: [], ours: [] };
  const answers = {};
  try {
    const versions = {};
    for (const name of ['ours', 'peer']) {
      sides[name] = sideOf({ ...pair[name], inputs }, name === 'peer', python);
      versions[name] = await sides[name].ready();
      answers[name] = await sides[name].steps(effort.checked);
    }
    const difference = largestDifference(pair, answers);
    const first = { peer: answers.peer.seconds[0], ours: answers.ours.seconds[0] };
    for (let round = 0; round < effort.rounds; round++) {
      for (const name of ['peer', 'ours']) {
        answers[name] = await sides[name].steps(effort.perRound);
        times[name].push(...answers[name].seconds);
      }
    }
    const summary = (name) => ({
      ...versions[name],
      median: median(times[name]),
      min: Math.min(...times[name]),
      max: Math.max(...times[name]),
      first: first[name],
      seconds: times[name],
      precision: answers[name].precision,
      peakGb: answers[name].peak,
    });
    return { difference, peer: summary('peer'), ours: summary('ours') };
  } finally {
    await Promise.all(Object.values(sides).map((side) => side?.close()));
  }
}

/** @throws Error if the two sides do not compute the same */
function largestDifference({ ours }, answers) {
  const isMixed = ours.mixedPrecision !== undefined;
  const [a, b] = [answers.ours.results.flat(), answers.peer.results.flat()];
  const { difference, tolerance, agrees } = differenceOf(ours.kind, Number(isMixed), a, b);
  if (agrees) return difference;
  throw new Error(
    `The two sides compute different things, so their times cannot be compared: ` +
      `${ours.kind === 'train' ? 'losses' : 'images'} differ by ${difference}, allowed is ${tolerance}.\n` +
      `ours: ${a.slice(0, 4)}\npeer: ${b.slice(0, 4)}`,
  );
}

/**
 * How far results are apart: losses of a training as a share, images of a sampling as they are.
 *
 * @param {'train' | 'sample'} kind
 * @param {number} lowerSides how many of the two compute in less than float32: images are then compared in the mean
 * @param {number[]} ours
 * @param {number[]} peers
 */
export function differenceOf(kind, lowerSides, ours, peers) {
  const isLoss = kind === 'train';
  const isLower = lowerSides > 0;
  const differences = ours.map(
    (value, i) => Math.abs(value - peers[i]) / (isLoss ? Math.abs(peers[i]) : 1),
  );
  const difference =
    isLower && !isLoss
      ? differences.reduce((sum, one) => sum + one, 0) / differences.length
      : differences.reduce((most, one) => Math.max(most, one), 0);
  const [exact, lower] = isLoss
    ? [LOSS_TOLERANCE, MIXED_TOLERANCE]
    : [IMAGE_TOLERANCE, MIXED_IMAGE_TOLERANCE];
  const tolerance = isLower ? lower * lowerSides : exact;
  const agrees = ours.length === peers.length && difference <= tolerance;
  return { difference, tolerance, agrees };
}

export function median(values) {
  const sorted = [...values].sort((x, y) => x - y);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
