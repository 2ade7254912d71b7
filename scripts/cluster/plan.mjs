// Which workers there are, and which of them this command starts: by TF_CONFIG, or --workers N on this machine.
import dns from 'node:dns/promises';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import { readTfConfig, TfConfigError } from './tf-config.mjs';

/**
 * @typedef {object} Plan
 * @property {string[]} addresses of all workers, the chief first
 * @property {{ index: number, bind: string, cores: number[] | null }[]} own what this command starts
 */

/** What is asked for does not fit; `problems` are sentences. */
export class PlanError extends Error {
  constructor(problems) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

/**
 * @param {{ workers?: number, bind?: string }} values
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Plan | null>} null for a training of one process
 * @throws {PlanError}
 */
export async function clusterPlan(values, env, platform = process.platform) {
  const plan = await planFor(values, env);
  if (plan === null || platform === 'linux') return plan;
  throw new PlanError([
    `${env.TF_CONFIG ? 'TF_CONFIG' : '--workers'}: expected Linux for a training of several workers, this is ${platform}.`,
  ]);
}

async function planFor({ workers, bind }, env) {
  const given = env.TF_CONFIG ?? '';
  if (given === '') {
    if (bind !== undefined) {
      throw new PlanError(['--bind: expected TF_CONFIG in the environment beside it, got none.']);
    }
    return workers === undefined || workers === 1 ? null : onThisMachine(workers);
  }
  if (workers !== undefined) {
    throw new PlanError([
      '--workers: expected no TF_CONFIG in the environment, which says already how many workers there are.',
    ]);
  }
  try {
    const { addresses, index } = readTfConfig(given);
    if (addresses.length === 1) return null;
    return {
      addresses,
      own: [{ index, bind: await ownAddress(addresses[index], bind), cores: null }],
    };
  } catch (error) {
    if (error instanceof TfConfigError) {
      throw new PlanError(error.problems.map((problem) => `TF_CONFIG: ${problem}`));
    }
    throw error;
  }
}

const localAddresses = () =>
  Object.values(os.networkInterfaces()).flatMap((list) =>
    list.filter(({ family }) => family === 'IPv4').map(({ address }) => address),
  );

/** The address at which this worker listens: its own of TF_CONFIG, if that is one of this machine. */
async function ownAddress(own, bind) {
  const host = bind ?? own.slice(0, own.lastIndexOf(':'));
  const what = bind === undefined ? `TF_CONFIG: own address ${own}` : `--bind ${bind}`;
  let address;
  try {
    ({ address } = await dns.lookup(host, 4));
  } catch (error) {
    throw new PlanError([
      `${what}: expected an address of this machine, but ${host} cannot be looked up (${error.code}). ` +
        'Give the address to listen at by --bind.',
    ]);
  }
  const local = localAddresses();
  if (address === '0.0.0.0' || local.includes(address) || address.startsWith('127.'))
    return address;
  throw new PlanError([
    `${what}: expected an address of this machine (${local.join(', ')}), got ${address}. ` +
      'Is task.index right? Behind a forwarded address, give the one to listen at by --bind.',
  ]);
}

/** The cores that this process may use. */
export function allowedCores() {
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const [, list = ''] = /^Cpus_allowed_list:\s*(.*)$/m.exec(status) ?? [];
  return list.split(',').flatMap((range) => {
    const [from, to = from] = range.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

/** The cores of each of some workers: as many for each, or one that several share. */
export function shareOfCores(cores, workers) {
  return Array.from({ length: workers }, (_, i) => {
    const start = Math.floor((i * cores.length) / workers);
    const end = Math.floor(((i + 1) * cores.length) / workers);
    return end > start ? cores.slice(start, end) : [cores[start]];
  });
}

async function onThisMachine(workers) {
  const ports = await freePorts(workers);
  const cores = shareOfCores(allowedCores(), workers);
  return {
    addresses: ports.map((port) => `127.0.0.1:${port}`),
    own: ports.map((_, index) => ({ index, bind: '127.0.0.1', cores: cores[index] })),
  };
}

/** Ports of 127.0.0.1 that are free at the moment. */
export async function freePorts(count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = net.createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
