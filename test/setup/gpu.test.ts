/** What the doctor says of a GPU, from facts: no GPU is needed, and none is opened. */
import { describe, expect, it } from 'vitest';
import { loadScript } from '../support/script';

interface Gpu {
  index: number;
  name: string;
  driver: string;
  total: number | null;
  used: number | null;
  capability: number | null;
  uuid: string;
}
interface Facts {
  wanted: 'cpu' | 'gpu';
  asked?: string;
  sign: boolean;
  card: boolean;
  driver: string | null;
  smi: { isThere: boolean; gpus: Gpu[]; failure: string | null };
  visible?: string;
  order?: string;
  lacking: string[];
}
type Device = 'cpu' | 'gpu';
const { deviceLine, gpuLine, wordsOnGpu } = loadScript<{
  deviceLine: (facts: Facts, used: Device, askTensorflow?: () => string) => string;
  gpuLine: (facts: Facts, used?: Device) => string;
  wordsOnGpu: (log: string) => string;
}>('doctor/gpu.mjs');

const h100: Gpu = {
  ...{ index: 0, name: 'NVIDIA H100', driver: '550.54.15', total: 81559, used: 1559 },
  ...{ capability: 9, uuid: 'GPU-aa' },
};
const second: Gpu = { ...h100, index: 1, uuid: 'GPU-bb' };
const smi = (...gpus: Gpu[]): Facts['smi'] => ({ isThere: true, gpus, failure: null });
const failing = (failure: string): Facts['smi'] => ({ isThere: true, gpus: [], failure });
const missing: Facts['smi'] = { isThere: false, gpus: [], failure: null };

/** A machine on which all is well, but for what is given. */
const machine = (change: Partial<Facts> = {}): Facts => ({
  ...{ wanted: 'gpu', sign: true, card: true, driver: '550.54.15', smi: smi(h100), lacking: [] },
  ...change,
});
const bare: Partial<Facts> = { sign: false, card: false, driver: null, smi: missing };

/** The line as the doctor prints it. */
function told(say: () => string): string {
  try {
    return `OK ${say()}`;
  } catch (error) {
    const { name, message, remedy } = error as Error & { remedy: string };
    expect(name).toBe('SetupFailure');
    return `FAIL ${message} | ${remedy}`;
  }
}

const h100Line = 'NVIDIA H100, 81,559 MiB (80,000 free), driver 550.54.15';
const orCpu = 'or set SDM_DEVICE=cpu.';

const cases: [string, Partial<Facts>, string | RegExp][] = [
  ['a GPU that is fine', {}, `OK ${h100Line}`],
  ['no sign of any, asked for', { ...bare, asked: 'gpu' }, 'OK no GPU found, running on the CPU'],
  ['no sign of any', { ...bare, wanted: 'cpu' }, 'OK no GPU found, running on the CPU'],
  ['one that is not to be used', { wanted: 'cpu', asked: 'cpu' }, 'OK not used: SDM_DEVICE=cpu'],
  [
    'none, and SDM_DEVICE=cpu',
    { ...bare, wanted: 'cpu', asked: 'cpu' },
    'OK no GPU found, running on the CPU',
  ],
  [
    'nvidia-smi of a driver that is not loaded, unasked',
    { ...bare, wanted: 'cpu', smi: failing('no driver') },
    'OK no GPU found, running on the CPU (nvidia-smi is there and fails: no driver)',
  ],
  [
    'a card without a driver, unasked',
    { ...bare, wanted: 'cpu', card: true },
    'OK running on the CPU: an NVIDIA card is there, but its driver is not',
  ],
  [
    'one that nvidia-smi alone sees, unasked',
    { ...bare, wanted: 'cpu', smi: smi(h100) },
    'OK NVIDIA H100 is not used; SDM_DEVICE=gpu would have it',
  ],
  [
    'a card without a driver',
    { ...bare, card: true },
    `FAIL an NVIDIA card is there, but its driver is not. | Install NVIDIA's driver, R525 or newer, and restart the machine, ${orCpu}`,
  ],
  [
    'an old driver',
    { smi: smi({ ...h100, driver: '470.57.02' }) },
    /^FAIL the driver is 470\.57\.02; .* CUDA 12, which needs R525 or newer\. \| Install a driver of 525 or newer .* or set SDM_DEVICE=cpu\.$/,
  ],
  [
    'an old driver, whose nvidia-smi fails',
    { driver: '390.157', smi: failing('NVML') },
    /^FAIL the driver is 390\.157; /,
  ],
  ['the oldest driver', { smi: smi({ ...h100, driver: '525.60.13' }) }, /^OK .* driver 525\.60\.13/],
  ['no nvidia-smi', { smi: missing },
    /^FAIL an NVIDIA driver \(550\.54\.15\) is there, but no nvidia-smi is on the PATH\. \| In a container, start it .*--gpus all/],
  ['nvidia-smi of another version', { smi: failing('Failed to initialize NVML: Driver/library version mismatch') },
    `FAIL nvidia-smi fails: Failed to initialize NVML: Driver/library version mismatch. | Restart the machine: the driver on the disk is newer than the one that is loaded, ${orCpu}`],
  ['nvidia-smi without its driver', { smi: failing("NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.") },
    /^FAIL nvidia-smi fails: .* NVIDIA driver\. \| Load the driver \(`sudo modprobe nvidia`\)/],
  ['nvidia-smi without its library', { smi: failing("NVIDIA-SMI couldn't find libnvidia-ml.so library in your system.") },
    /\| In a container, start it with its GPUs .*; elsewhere install the driver anew/],
  ['nvidia-smi that fails, and no other sign', { ...bare, smi: failing('No devices were found') }, /^FAIL nvidia-smi fails: No devices/],
  ['nvidia-smi that finds none', { smi: failing('No devices were found') }, /\| In a container, .* dmesg/],
  ['nvidia-smi that hangs', { smi: failing('no answer within 30 s') }, /\| Restart the machine: .* xid/],
  ['nvidia-smi with other words', { smi: failing('exit code 255, and not a word') },
    `FAIL nvidia-smi fails: exit code 255, and not a word. | Run \`nvidia-smi\` and mend what it says, ${orCpu}`],
  ['CUDA_VISIBLE_DEVICES that is empty', { visible: '' },
    /^FAIL CUDA_VISIBLE_DEVICES='' hides every GPU; there is 0\. \| Unset it, or name one of them: CUDA_VISIBLE_DEVICES=0;/],
  ['CUDA_VISIBLE_DEVICES=-1', { visible: '-1' }, /^FAIL CUDA_VISIBLE_DEVICES='-1' hides every GPU/],
  ['CUDA_VISIBLE_DEVICES=7 of two', { visible: '7', smi: smi(h100, second) },
    /^FAIL CUDA_VISIBLE_DEVICES='7' hides every GPU; there are 0, 1\./],
  ['CUDA_VISIBLE_DEVICES=-1,0', { visible: '-1,0' }, /hides every GPU/],
  ['CUDA_VISIBLE_DEVICES=1,7,0', { visible: '1,7,0', smi: smi(h100, second) },
    `OK ${h100Line}; GPU 1 of 2, by CUDA_VISIBLE_DEVICES`],
  ['CUDA_VISIBLE_DEVICES by its long name', { visible: 'GPU-bb', smi: smi(h100, second) },
    `OK ${h100Line}; GPU 1 of 2, by CUDA_VISIBLE_DEVICES`],
  ['a long name that is none', { visible: 'GPU-cc' }, /hides every GPU/],
  ['a part of a GPU', { visible: 'MIG-12' }, `OK ${h100Line}`],
  ['two', { smi: smi(h100, second) },
    `OK ${h100Line}; this is GPU 0, the first of 2: TensorFlow computes on it and takes memory on all; CUDA_VISIBLE_DEVICES=0 keeps to it`],
  ['two in another order', { smi: smi(h100, second), visible: '1,0' }, /this is GPU 1, the first of 2: .* CUDA_VISIBLE_DEVICES=1 /],
  ['two different ones', { smi: smi({ ...h100, name: 'NVIDIA T400', total: 2000, used: 1900, capability: 7.5 }, second) },
    /^OK NVIDIA T400, 2,000 MiB \(100 free\) and NVIDIA H100, .* on the fastest .* CUDA_DEVICE_ORDER=PCI_BUS_ID/],
  ['one of two different ones by its long name', { visible: 'GPU-bb', smi: smi({ ...h100, name: 'NVIDIA T400' }, second) },
    `OK ${h100Line}; GPU 1 of 2, by CUDA_VISIBLE_DEVICES`],
  ['two different ones by their slots', { order: 'PCI_BUS_ID', smi: smi({ ...h100, name: 'NVIDIA T400', total: 2000, used: 1900, capability: 7.5 }, second) },
    /^FAIL NVIDIA T400 has 100 of 2,000 MiB free; .* take another GPU \(CUDA_VISIBLE_DEVICES=1\)/],
  ['cuDNN missing', { lacking: ['nvidia-cublas-cu12', 'nvidia-cudnn-cu12'] },
    /^FAIL CUDA's libraries are not all in \.venv, .*: cuDNN \(nvidia-cudnn-cu12\), nvidia-cublas-cu12 missing\. \| Run `npm run setup`; .* delete \.venv/],
  ['many libraries missing', { lacking: ['nvidia-a', 'nvidia-b', 'nvidia-c', 'nvidia-d'] }, /: nvidia-a, nvidia-b, nvidia-c and 1 more missing/],
  ['hardly any memory', { smi: smi({ ...h100, used: 81000 }) },
    /^FAIL NVIDIA H100 has 559 of 81,559 MiB free; other processes hold the rest, and 1,000 are needed\. \| End them \(`nvidia-smi` names them; .*\), or set SDM_DEVICE=cpu\.$/],
  ['hardly any memory, of three', { smi: smi({ ...h100, used: 81000 }, { ...second, used: 50000 }, { ...second, index: 2 }) },
    /take another GPU \(CUDA_VISIBLE_DEVICES=2\)/],
  ['just enough memory', { smi: smi({ ...h100, used: 80559 }) }, /^OK .*\(1,000 free\)/],
  ['memory that is not known', { smi: smi({ ...h100, total: null, used: null }) }, 'OK NVIDIA H100, memory unknown, driver 550.54.15'],
  ['compute capability 3.7', { smi: smi({ ...h100, name: 'Tesla K80', capability: 3.7 }) },
    /^FAIL Tesla K80 has compute capability 3\.7; TensorFlow 2\.21's libraries have code for 6\.0 and newer\. \| Set SDM_DEVICE=cpu/],
  ['compute capability 6.0', { smi: smi({ ...h100, name: 'Tesla P100', capability: 6 }) },
    /^FAIL Tesla P100 has compute capability 6\.0; the cuDNN of requirements-gpu\.txt has code for 7\.5 and newer\./],
  ['compute capability 7.5', { smi: smi({ ...h100, name: 'Tesla T4', capability: 7.5 }) }, /^OK Tesla T4, /],
  ['compute capability 12.0', { smi: smi({ ...h100, capability: 12 }) },
    `OK ${h100Line}; TensorFlow compiles its kernels for 12.0 at their first use, which takes minutes`],
  ['compute capability that is not known', { smi: smi({ ...h100, capability: null }) }, `OK ${h100Line}`],
]; // prettier-ignore

describe("the doctor's line on the GPU", () => {
  it.each(cases)('%s', (_, change, expected) => {
    const line = told(() => gpuLine(machine(change)));
    if (typeof expected === 'string') expect(line).toBe(expected);
    else expect(line).toMatch(expected);
  });

  it('is no failure where TensorFlow uses a GPU all the same, as with compatibility libraries', () => {
    const old = machine({ smi: smi({ ...h100, driver: '470.57.02' }) });
    expect(told(() => gpuLine(old, 'gpu'))).toMatch(/^OK used, .*the driver is 470\.57\.02/);
    expect(told(() => gpuLine(old, 'cpu'))).toMatch(/^FAIL /);
    const full = machine({ smi: smi({ ...h100, used: 81000 }) });
    expect(told(() => gpuLine(full, 'gpu'))).toMatch(/^FAIL .* 559 of/);
  });
});

describe("the doctor's line on the device", () => {
  it('says what is used, and that there is no GPU', () => {
    expect(deviceLine(machine(), 'gpu')).toBe("gpu, by the native binding's own word");
    expect(deviceLine(machine({ ...bare, wanted: 'cpu' }), 'cpu')).toMatch(/^cpu, by the native/);
    const none = machine({ ...bare, asked: 'gpu' });
    expect(deviceLine(none, 'cpu')).toBe('cpu: no GPU found, running on the CPU');
  });

  it('has the remedy of the line on the GPU, where there is one', () => {
    const hidden = machine({ visible: '' });
    expect(told(() => deviceLine(hidden, 'cpu'))).toMatch(
      /^FAIL gpu was expected, the native binding uses cpu: .* \| Unset it, or name one of them/,
    );
  });

  it("has TensorFlow's own words, where nothing else explains it", () => {
    const log = [
      'I0000 00:00:1795883547.956390    7862 port.cc:153] oneDNN custom operations are on, on a GPU, too.',
      'E0000 00:00:1795883548.319065    7862 cuda_platform.cc:52] failed call to cuInit: UNKNOWN ERROR (303)',
      'W0000 00:00:1795883548.319065    7862 other.cc:5] something else',
      '2026-11-28 16:31:50.123456: W tensorflow/core/gpu_device.cc:1] Cannot dlopen some GPU libraries.',
      '',
    ].join('\n');
    const words = 'failed call to cuInit: UNKNOWN ERROR (303) | Cannot dlopen some GPU libraries.';
    expect(wordsOnGpu(log)).toBe(words);
    expect(told(() => deviceLine(machine(), 'cpu', () => log))).toContain(
      `TensorFlow says: ${words} | Restart the machine`,
    );
    expect(told(() => deviceLine(machine(), 'cpu'))).toContain('and slower. | Restart');
    expect(wordsOnGpu(log.split('\n')[0]!)).toBe('');
  });

  it('is a failure where a CPU is wanted and a GPU is used', () => {
    const line = told(() => deviceLine(machine({ wanted: 'cpu', asked: 'cpu' }), 'gpu'));
    expect(line).toMatch(/^FAIL cpu was expected, the native binding uses gpu\. \| Run `npm run/);
  });
});
