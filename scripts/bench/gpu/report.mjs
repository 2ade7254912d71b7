// What is told of rows measured on a GPU: a table, what needs saying beside it, and what was missed. A side of a row is a
// summary, `{ failed }` with the reason, or null where it was not reached.
import { markdownTable } from '../report.mjs';
import { MODES, TF32 } from './cases.mjs';

const NAMES = { eager: 'PyTorch eager', compile: 'torch.compile' };

/** The end of what a process said before it failed. */
const reasonText = (failed) => failed.trim().split('\n').slice(-6).join('\n  ');

const isMeasured = (side) => typeof side?.median === 'number';

/** Three digits, from microseconds to minutes. */
export function secondsText(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return '–';
  if (seconds === 0) return '0';
  return seconds >= 100 ? seconds.toFixed(0) : seconds.toPrecision(3);
}

/** How many times as fast ours is; null where that cannot be said. */
function ratioTo(peer, ours) {
  if (!isMeasured(peer) || !isMeasured(ours)) return null;
  const ratio = peer.median / ours.median;
  return Number.isFinite(ratio) && ratio > 0 ? ratio : null;
}

function timeCell(side) {
  if (side === null || side === undefined) return '–';
  return isMeasured(side) ? secondsText(side.median) : 'failed';
}

const ratioCell = (peer, ours) => {
  const ratio = ratioTo(peer, ours);
  return ratio === null ? '–' : `${ratio.toFixed(2)}×`;
};

const gbCell = (side) => (typeof side?.deviceGb === 'number' ? side.deviceGb.toFixed(2) : '–');

/** Medians in seconds, how many times as fast ours is, what of that is wanted, and the device's memory. */
export function gpuTable(results) {
  const hasOurGb = results.some(({ ours }) => typeof ours?.deviceGb === 'number');
  const head = ['what', 'ours s', 'eager s', 'compile s', '× eager', 'wanted', '× compile'];
  head.push('wanted', ...(hasOurGb ? ['ours GB'] : []), 'eager GB', 'compile GB');
  const rows = results.map(({ title, wanted, ours, ...modes }) => [
    title,
    timeCell(ours),
    ...MODES.map((mode) => timeCell(modes[mode])),
    ...MODES.flatMap((mode) => [
      ratioCell(modes[mode], ours),
      wanted[mode] === undefined ? '' : `≥ ${wanted[mode]}×`,
    ]),
    ...(hasOurGb ? [gbCell(ours)] : []),
    ...MODES.map((mode) => gbCell(modes[mode])),
  ]);
  return markdownTable(head, rows);
}

/** What the table does not say of a row: how equal the results are, what the first runs took, what failed. */
export function rowNotes({ title, kind, precision, ours, ...modes }) {
  const what = kind === 'train' ? 'losses' : 'images';
  const notes = [];
  const measured = MODES.filter((mode) => isMeasured(modes[mode]));
  if (measured.length > 0 && isMeasured(ours)) {
    const equal = measured.map(
      (mode) => `${modes[mode].difference.toExponential(1)} (${NAMES[mode]})`,
    );
    const extra = [['ours', ours], ...measured.map((mode) => [NAMES[mode], modes[mode]])].map(
      ([name, side]) => `${side.extra.toFixed(1)} s (${name})`,
    );
    notes.push(
      `${title}: ${precision}; ${what} equal to ${equal.join(', ')}; not counted, to trace, compile and choose kernels in ` +
        `the first runs: ${extra.join(', ')}`,
    );
  }
  for (const [name, side] of [['ours', ours], ...MODES.map((mode) => [NAMES[mode], modes[mode]])]) {
    if (side?.failed !== undefined)
      notes.push(`${title}: ${name} failed: ${reasonText(side.failed)}`);
  }
  return notes;
}

/** What lies between wanted and found, and why a ratio that is wanted is not there. */
export function gpuMisses({ title, kind, wanted, ours, ...modes }) {
  const missed = [];
  for (const mode of MODES) {
    const peer = modes[mode];
    const name = NAMES[mode];
    const ratio = ratioTo(peer, ours);
    if (peer?.agrees === false) {
      const what = kind === 'train' ? 'losses' : 'images';
      missed.push(
        `${title}: ${what} differ from those of ${name} by ${peer.difference}, allowed is ${peer.tolerance}: ` +
          'the times are not of the same work',
      );
    }
    if (ratio === null && (wanted[mode] !== undefined || peer?.failed !== undefined)) {
      const why = [ours, peer].some((side) => side?.failed !== undefined)
        ? 'failed'
        : 'not measured';
      missed.push(`${title}: no ratio to ${name}: ${why}`);
    } else if (ratio < wanted[mode]) {
      const found = (Math.floor(ratio * 1000) / 1000).toFixed(3); // 0.9996 is no 1
      missed.push(`${title}: ${found} of the speed of ${name}, wanted ${wanted[mode]}`);
    }
  }
  return missed;
}

/** The card, the driver and the versions, and what TF32 does: the head of all figures. */
export function gpuMachineText({ gpu, cpu, cores, load }) {
  const { name, driver, torch, cuda, tensorflow, tf32 } = gpu;
  return (
    `${name}, driver ${driver ?? 'unknown'}, PyTorch ${torch} (CUDA ${cuda}), TensorFlow ${tensorflow}; ` +
    `${cores} × ${cpu}, load ${load.toFixed(1)}\nTF32 in float32: ${TF32[tf32].told}`
  );
}

/** What the columns of memory are. */
export function memoryNote(results) {
  const peers =
    "GB of PyTorch: the most that its tensors took (torch.cuda.max_memory_allocated), CUDA's context left out.";
  if (results.some(({ ours }) => typeof ours?.deviceGb === 'number')) {
    return `${peers} GB of ours: what TensorFlow's process holds (nvidia-smi), which is more: context and reserve.`;
  }
  return `${peers} Ours is left out: nvidia-smi does not tell what our process holds.`;
}
