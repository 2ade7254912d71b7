// What can be known of NVIDIA GPUs without opening one: the driver's files, nvidia-smi, the environment, CUDA's libraries.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { chooseDevice, seesGpu } from '../setup/device.mjs';
import { inRoot } from '../setup/paths.mjs';
import { parsePins } from '../setup/python-environment.mjs';

/**
 * @typedef {object} Gpu one line of nvidia-smi; a number that it does not know ([N/A]) is null
 * @property {number} index
 * @property {string} name
 * @property {string} driver
 * @property {number | null} total in MiB
 * @property {number | null} used in MiB
 * @property {number | null} capability the compute capability
 * @property {string} uuid
 *
 * @typedef {object} GpuFacts
 * @property {'cpu' | 'gpu'} wanted for which device TensorFlow is installed
 * @property {string | undefined} asked SDM_DEVICE
 * @property {boolean} sign whether files of a driver or a device are seen
 * @property {boolean} card whether a graphics card of NVIDIA is on the bus
 * @property {string | null} driver its version by /proc
 * @property {{ isThere: boolean, gpus: Gpu[], failure: string | null }} smi what nvidia-smi says
 * @property {string | undefined} visible CUDA_VISIBLE_DEVICES
 * @property {string | undefined} order CUDA_DEVICE_ORDER
 * @property {string[]} lacking packages of requirements-gpu.txt without their libraries
 */

const fields = 'index,name,driver_version,memory.total,memory.used,compute_cap,uuid';
const wslFolder = '/usr/lib/wsl/lib'; // not on the PATH of every shell there

const read = (file) => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
};

/** @returns {Gpu[]} */
export function parseGpus(text) {
  const number = (word) => (word && Number.isFinite(Number(word)) ? Number(word) : null);
  return text
    .split('\n')
    .map((line) => line.split(',').map((word) => word.trim()))
    .filter(([index, name]) => /^\d+$/.test(index) && name)
    .map(([index, name, driver, total, used, capability, uuid]) => ({
      ...{ index: Number(index), name, driver: driver ?? '', uuid: uuid ?? '' },
      ...{ total: number(total), used: number(used), capability: number(capability) },
    }));
}

/** Runs nvidia-smi; one that is older than `compute_cap` is asked again without it. */
export function askNvidiaSmi(env = process.env, timeout = 30_000) {
  const PATH = `${env.PATH ?? ''}${path.delimiter}${wslFolder}`;
  const ask = (asked) => {
    const args = [`--query-gpu=${asked}`, '--format=csv,noheader,nounits'];
    return spawnSync('nvidia-smi', args, { encoding: 'utf8', timeout, env: { ...env, PATH } });
  };
  let result = ask(fields);
  if (/compute_cap.*not a valid field/i.test(`${result.stdout}${result.stderr}`)) {
    result = ask(fields.replace(',compute_cap,uuid', ''));
  }
  const { error, status, stdout, stderr } = result;
  if (error?.code === 'ENOENT') return { isThere: false, gpus: [], failure: null };
  const gpus = status === 0 ? parseGpus(stdout) : [];
  if (gpus.length > 0) return { isThere: true, gpus, failure: null };
  const words = `${stderr ?? ''}\n${stdout ?? ''}`.split('\n').map((line) => line.trim());
  const late = error?.code === 'ETIMEDOUT' ? `no answer within ${timeout / 1000} s` : null;
  const said = late ?? error?.message ?? words.find((line) => line !== '');
  return { isThere: true, gpus, failure: said ?? `exit code ${status}, and not a word` };
}

/** The driver's version, as /proc has it of the closed and of the open module. */
export const driverVersion = (text) =>
  /NVRM version:.*?\s(\d+\.\d+(?:\.\d+)?)\s/.exec(text)?.[1] ?? null;

/** Whether a graphics card of NVIDIA is on the bus, be there a driver or not. */
function seesCard(folder) {
  const ofCard = (name, file) => read(path.join(folder, name, file)).trim();
  return (fs.existsSync(folder) ? fs.readdirSync(folder) : []).some(
    (name) => ofCard(name, 'vendor') === '0x10de' && ofCard(name, 'class').startsWith('0x03'),
  );
}

/** Packages of requirements-gpu.txt whose files are not all away from where TensorFlow looks: beside itself. */
export function lackingLibraries(site, requirements = read(inRoot('requirements-gpu.txt'))) {
  const isThere = (folder) =>
    ['lib', 'bin'].some((part) => {
      const inPart = path.join(folder, part);
      const files = fs.existsSync(inPart) ? fs.readdirSync(inPart) : [];
      return files.some((file) => /\.so(\.\d+)*$|^ptxas$/.test(file));
    });
  return [...parsePins(requirements, [3, 13]).keys()].filter((name) => {
    const library = /^nvidia-(.+)-cu\d+$/.exec(name)?.[1].replaceAll('-', '_');
    return library !== undefined && !isThere(path.join(site ?? '', 'nvidia', library));
  });
}

/**
 * @param {{ site: string | null, env?: NodeJS.ProcessEnv, system?: string }} where the packages of .venv are;
 *   `system` is where /proc, /sys and /dev lie, for tests
 * @returns {GpuFacts}
 */
export function gatherGpuFacts({ site, env = process.env, system = '/' }) {
  const exists = (file) => fs.existsSync(path.join(system, file));
  return {
    wanted: chooseDevice(env, exists),
    asked: env.SDM_DEVICE || undefined,
    sign: seesGpu(exists),
    card: seesCard(path.join(system, 'sys/bus/pci/devices')),
    driver: driverVersion(read(path.join(system, 'proc/driver/nvidia/version'))),
    smi: askNvidiaSmi(env),
    visible: env.CUDA_VISIBLE_DEVICES,
    order: env.CUDA_DEVICE_ORDER,
    // A TensorFlow of one's own finds CUDA's libraries elsewhere.
    lacking: env.SDM_TENSORFLOW ? [] : lackingLibraries(site),
  };
}
