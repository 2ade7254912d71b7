// One sentence on the GPU from what is known of it, or a SetupFailure with cause and remedy. Touches nothing.
import { SetupFailure } from '../setup/failure.mjs';

/** @typedef {import('./gpu-facts.mjs').GpuFacts} GpuFacts */

export const noGpu = 'no GPU found, running on the CPU';

/** CUDA 12 runs on the drivers from this one on (its release notes: minor version compatibility). */
const leastDriver = 525;
/** As the code in the wheels says: TensorFlow 2.21's libraries have sm_60 to sm_90, and PTX of 9.0 for newer ones. */
const leastCapability = 6;
const lastCapability = 9;
/** And the cuDNN that is pinned: libcudnn_ops and libcudnn_cnn have sm_75 and newer. */
const leastOfCudnn = 7.5;
/** In MiB; CUDA's context and cuDNN's kernels alone take about half of it. */
const leastMemory = 1000;

const onCpu = 'or set SDM_DEVICE=cpu';
const withGpus =
  'start it with its GPUs (`docker run --gpus all`, by the NVIDIA Container Toolkit)';
const mib = (count) => count.toLocaleString('en-US');

/** What to do where nvidia-smi fails, by its words. */
const remediesOfSmi = [
  [/version mismatch/i, 'Restart the machine: the driver on the disk is newer than the one that is loaded'],
  [/communicate with the NVIDIA driver/i, 'Load the driver (`sudo modprobe nvidia`), and install it anew for this kernel if that fails'],
  [/libnvidia-ml|insufficient permissions/i, `In a container, ${withGpus}; elsewhere install the driver anew`],
  [/No devices were found/i, `In a container, ${withGpus}; elsewhere see what \`sudo dmesg | grep -i nvrm\` says of the card`],
  [/no answer/i, 'Restart the machine: a GPU that does not answer has often fallen off the bus (`sudo dmesg | grep -i xid`)'],
]; // prettier-ignore

/** Which GPUs CUDA_VISIBLE_DEVICES leaves: those before the first word that names none. */
export function visibleGpus({ gpus }, visible) {
  if (visible === undefined) return gpus;
  const named = visible.split(',').map((word) => {
    const wanted = word.trim();
    if (/^\d+$/.test(wanted)) return gpus.find(({ index }) => index === Number(wanted));
    if (wanted.startsWith('MIG-')) return gpus[0]; // a part of one; of which, nvidia-smi is not asked
    return wanted.startsWith('GPU-') ? gpus.find(({ uuid }) => uuid.startsWith(wanted)) : undefined;
  });
  const end = named.indexOf(undefined);
  return end === -1 ? named : named.slice(0, end);
}

/** CUDA counts GPUs from the fastest, nvidia-smi by their slots: of different ones, a number may mean another. */
const isAmbiguous = ({ smi, visible, order }) =>
  order !== 'PCI_BUS_ID' &&
  !/^(GPU|MIG)-/.test(visible ?? '') &&
  new Set(smi.gpus.map(({ name }) => name)).size > 1;

const driverOf = ({ smi, driver }) => smi.gpus[0]?.driver || driver;

/** Why TensorFlow can see no GPU, as problem and remedy; null if nothing speaks against it. */
function hindrance(facts) {
  const { sign, card, smi, visible } = facts;
  const driver = driverOf(facts);
  if (driver !== null && Number.parseInt(driver, 10) < leastDriver) {
    return [
      `the driver is ${driver}; TensorFlow's libraries are of CUDA 12, which needs R${leastDriver} or newer.`,
      `Install a driver of ${leastDriver} or newer (in a container: on its host) and restart the machine, ${onCpu}.`,
    ];
  }
  if (!smi.isThere && card && !sign) {
    return [
      'an NVIDIA card is there, but its driver is not.',
      `Install NVIDIA's driver, R${leastDriver} or newer, and restart the machine, ${onCpu}.`,
    ];
  }
  if (!smi.isThere) {
    return [
      `an NVIDIA driver${driver === null ? '' : ` (${driver})`} is there, but no nvidia-smi is on the PATH.`,
      `In a container, ${withGpus}; elsewhere install the driver's programs (nvidia-utils), ${onCpu}.`,
    ];
  }
  if (smi.failure !== null) {
    const remedy = remediesOfSmi.find(([words]) => words.test(smi.failure))?.[1];
    return [
      `nvidia-smi fails: ${smi.failure.replace(/\.$/, '')}.`,
      `${remedy ?? 'Run `nvidia-smi` and mend what it says'}, ${onCpu}.`,
    ];
  }
  if (visibleGpus(smi, visible).length === 0) {
    const all = smi.gpus.map(({ index }) => index).join(', ');
    const first = smi.gpus[0].index;
    return [
      `CUDA_VISIBLE_DEVICES='${visible}' hides every GPU; there ${smi.gpus.length > 1 ? 'are' : 'is'} ${all}.`,
      `Unset it, or name one of them: CUDA_VISIBLE_DEVICES=${first}; with SDM_DEVICE=cpu nothing of CUDA is installed.`,
    ];
  }
  return null;
}

/** That libraries are not there; cuDNN, the name that is known, comes first. */
function lack(packages) {
  const isCudnn = (name) => name === 'nvidia-cudnn-cu12';
  const names = [
    ...packages.filter(isCudnn).map((name) => `cuDNN (${name})`),
    ...packages.filter((name) => !isCudnn(name)),
  ];
  const more = names.length > 3 ? ` and ${names.length - 3} more` : '';
  return [
    `CUDA's libraries are not all in .venv, where TensorFlow looks for them: ${names.slice(0, 3).join(', ')}${more} missing.`,
    `Run \`npm run setup\`; if it has nothing to do, delete .venv before. Or set SDM_DEVICE=cpu.`,
  ];
}

/** What is wrong with a GPU that TensorFlow sees, or null. */
function fault({ name, capability, total, used }, others) {
  if (capability !== null && capability < leastOfCudnn) {
    const [whose, least] =
      capability < leastCapability
        ? ["TensorFlow 2.21's libraries have", leastCapability]
        : ['the cuDNN of requirements-gpu.txt has', leastOfCudnn];
    return [
      `${name} has compute capability ${capability.toFixed(1)}; ${whose} code for ${least.toFixed(1)} and newer.`,
      'Set SDM_DEVICE=cpu and run `npm run setup`, or use a GPU of 2018 (Turing) or newer.',
    ];
  }
  if (total === null || used === null || total - used >= leastMemory) return null;
  const free = (gpu) => (gpu.total ?? 0) - (gpu.used ?? 0);
  const best = others
    .filter((gpu) => free(gpu) >= leastMemory)
    .sort((a, b) => free(b) - free(a))[0];
  const another =
    best === undefined ? '' : `, take another GPU (CUDA_VISIBLE_DEVICES=${best.index})`;
  return [
    `${name} has ${mib(total - used)} of ${mib(total)} MiB free; other processes hold the rest, and ${mib(leastMemory)} are needed.`,
    `End them (\`nvidia-smi\` names them; a notebook's kernel holds memory until it is shut down)${another}, ${onCpu}.`,
  ]; // prettier-ignore
}

function shown(gpu) {
  const { name, total, used, capability } = gpu;
  const free = total === null || used === null ? '' : ` (${mib(total - used)} free)`;
  const memory = total === null ? ', memory unknown' : `, ${mib(total)} MiB${free}`;
  const compiles =
    capability !== null && Math.floor(capability) > lastCapability
      ? `; TensorFlow compiles its kernels for ${capability.toFixed(1)} at their first use, which takes minutes`
      : '';
  return { memory: `${name}${memory}`, compiles };
}

/** The sentence on GPUs among which TensorFlow chooses. */
function praise(facts, candidates, visible) {
  const { gpus } = facts.smi;
  const tail = `driver ${driverOf(facts)}`;
  if (isAmbiguous(facts)) {
    const all = gpus.map((gpu) => shown(gpu).memory).join(' and ');
    return (
      `${all}, ${tail}; TensorFlow computes on the fastest that it sees: to choose, set CUDA_DEVICE_ORDER=PCI_BUS_ID, ` +
      "so that numbers are nvidia-smi's, and CUDA_VISIBLE_DEVICES to one of them"
    );
  }
  const [first] = candidates;
  const { memory, compiles } = shown(first);
  if (visible.length > 1) {
    return (
      `${memory}, ${tail}${compiles}; this is GPU ${first.index}, the first of ${visible.length}: TensorFlow computes on it ` +
      `and takes memory on all; CUDA_VISIBLE_DEVICES=${first.index} keeps to it`
    );
  }
  const which =
    gpus.length > 1 ? `; GPU ${first.index} of ${gpus.length}, by CUDA_VISIBLE_DEVICES` : '';
  return `${memory}, ${tail}${compiles}${which}`;
}

/** Where TensorFlow is installed for the CPU: why there is no more to say. */
function onTheCpu({ asked, sign, card, smi }) {
  if (asked === 'cpu') return sign || smi.gpus.length > 0 ? 'not used: SDM_DEVICE=cpu' : noGpu;
  if (smi.gpus.length > 0) return `${smi.gpus[0].name} is not used; SDM_DEVICE=gpu would have it`;
  if (smi.failure !== null) return `${noGpu} (nvidia-smi is there and fails: ${smi.failure})`;
  return card ? 'running on the CPU: an NVIDIA card is there, but its driver is not' : noGpu;
}

const fail = ([problem, remedy]) => {
  throw new SetupFailure(problem, remedy);
};

/** Whether nothing at all speaks of a GPU. */
export const isWithoutGpu = ({ sign, card, smi }) => !sign && !card && !smi.isThere;

/**
 * The line on the GPU.
 *
 * @param {GpuFacts} facts
 * @param {'cpu' | 'gpu'} [used] what TensorFlow says that it uses: where that is a GPU, nothing hinders it
 * @throws {SetupFailure} with cause and remedy where a GPU is wanted and cannot be used
 */
export function gpuLine(facts, used) {
  if (facts.wanted === 'cpu') return onTheCpu(facts);
  if (isWithoutGpu(facts)) return noGpu;
  const hindered = hindrance(facts);
  if (hindered !== null) {
    if (used !== 'gpu') fail(hindered);
    return `used, though not all is known of it: ${hindered[0]}`;
  }
  if (facts.lacking.length > 0) fail(lack(facts.lacking));
  const visible = visibleGpus(facts.smi, facts.visible);
  // Of different GPUs any may be the first: what is wrong with all of them is wrong.
  const candidates = isAmbiguous(facts) ? facts.smi.gpus : visible.slice(0, 1);
  const faults = candidates.map((gpu) => fault(gpu, facts.smi.gpus));
  if (faults.every((found) => found !== null)) fail(faults[0]);
  return praise(facts, candidates, visible);
}

/** TensorFlow's own words on GPUs that it did not take, out of its log. */
export function wordsOnGpu(log) {
  const words = log
    .split('\n')
    .map((line) => /^(?:\S+ \S+: )?[EW]\S*\s.*?\]\s*(.*)$/.exec(line)?.[1] ?? '')
    .filter((line) => /cuda|cuinit|gpu|dlopen|nvidia/i.test(line));
  return words.slice(-2).join(' | ');
}

/**
 * The line on the device that TensorFlow computes with.
 *
 * @param {GpuFacts} facts
 * @param {'cpu' | 'gpu'} used
 * @param {() => string} [askTensorflow] for its log, looked at where nothing else explains it
 */
export function deviceLine(facts, used, askTensorflow = () => '') {
  if (used === facts.wanted) return `${used}, by the native binding's own word`;
  if (facts.wanted === 'cpu') {
    throw new SetupFailure(
      'cpu was expected, the native binding uses gpu.',
      'Run `npm run setup`, or unset SDM_DEVICE to use the GPU.',
    );
  }
  if (isWithoutGpu(facts)) return `cpu: ${noGpu}`;
  const problem = 'gpu was expected, the native binding uses cpu: everything runs, and slower.';
  try {
    gpuLine(facts, used);
  } catch (error) {
    throw new SetupFailure(problem, error.remedy);
  }
  const said = wordsOnGpu(askTensorflow());
  throw new SetupFailure(
    `${problem}${said === '' ? '' : ` TensorFlow says: ${said}`}`,
    'Restart the machine if its driver was updated; else delete .venv and run `npm run setup`, or set SDM_DEVICE=cpu.',
  );
}
