// TF_CONFIG, the environment variable by which TensorFlow's workers know each other. Kubeflow's TFJob, Ray Train, Vertex AI
// and SageMaker set it: {"cluster": {"worker": ["host:port", …]}, "task": {"type": "worker", "index": 0}}

import net from 'node:net';

/** Jobs that train together; of `chief` there is one, which is then the first worker. */
const JOBS = ['chief', 'worker'];
/** Other jobs that engines write, and what to do about them. */
const OTHERS = {
  ps: 'Gradients are summed among the workers, without parameter servers: start none, and leave it out.',
  evaluator: '`npm run evaluate` measures a checkpoint: start none, and leave it out.',
  master: 'Call the first worker chief.',
};
const whatToDo = (job) =>
  Object.hasOwn(OTHERS, job) ? OTHERS[job] : 'Call it worker, or leave it out.';
/** Keys that others write and that say nothing of the cluster. */
const ALSO = ['cluster', 'task', 'environment', 'rpc_layer', 'job', 'cloud'];
const ADDRESS = /^([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?):(\d{1,5})$/;

/** What is wrong with a TF_CONFIG, each a sentence. */
export class TfConfigError extends Error {
  constructor(problems) {
    super(problems.map((problem) => `TF_CONFIG: ${problem}`).join('\n'));
    this.problems = problems;
  }
}

const shown = (value) => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};
const isRecord = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

function addressProblem(address, where) {
  const match = typeof address === 'string' ? ADDRESS.exec(address) : null;
  if (!match) {
    return `${where}: expected host:port with a name or an IPv4 address, got ${shown(address)}.`;
  }
  const [, host] = match;
  if (/^[\d.]+$/.test(host) && !net.isIPv4(host)) {
    return `${where}: expected four numbers from 0 to 255 in an IPv4 address, got ${shown(address)}.`;
  }
  if (host === '0.0.0.0') {
    return (
      `${where}: expected an address at which the others reach it, got ${shown(address)}. To listen at all addresses, give ` +
      '--bind 0.0.0.0 beside the own one.'
    );
  }
  const port = Number(match[3]);
  if (port < 1 || port > 65535) return `${where}: expected a port from 1 to 65535, got ${port}.`;
  return null;
}

/** The same for all ways to write an address, as far as that can be told without asking anybody. */
function plainAddress(address) {
  const [, host, , port] = ADDRESS.exec(address) ?? [];
  if (host === undefined) return address;
  const name = host.toLowerCase();
  return `${name === 'localhost' ? '127.0.0.1' : name}:${Number(port)}`;
}

function clusterProblems(cluster) {
  if (!isRecord(cluster)) {
    return [
      `cluster: expected an object such as {"worker": ["host:port", …]}, got ${shown(cluster)}.`,
    ];
  }
  const problems = [];
  for (const job of Object.keys(cluster)) {
    if (JOBS.includes(job)) continue;
    problems.push(`cluster.${job}: expected chief and worker alone. ${whatToDo(job)}`);
  }
  for (const job of JOBS.filter((name) => Object.hasOwn(cluster, name))) {
    const list = cluster[job];
    if (!Array.isArray(list) || list.length === 0) {
      problems.push(`cluster.${job}: expected a list of addresses, got ${shown(list)}.`);
      continue;
    }
    list.forEach((address, i) => {
      const problem = addressProblem(address, `cluster.${job}[${i}]`);
      if (problem) problems.push(problem);
    });
  }
  if (Array.isArray(cluster.chief) && cluster.chief.length > 1) {
    problems.push(`cluster.chief: expected one address, got ${cluster.chief.length}.`);
  }
  if (!JOBS.some((job) => Object.hasOwn(cluster, job))) {
    problems.push('cluster: expected the addresses of the workers as "worker", got none.');
  }
  const all = JOBS.flatMap((job) => (Array.isArray(cluster[job]) ? cluster[job] : []));
  const plain = all.map(plainAddress);
  const twice = all.find((_, i) => plain.indexOf(plain[i]) < i);
  if (twice !== undefined) {
    problems.push(`cluster: expected each address once, got ${shown(twice)} twice.`);
  }
  return problems;
}

/** An index is a number; TensorFlow takes a text of digits as well. */
const indexOf = (value) =>
  typeof value === 'string' && /^\d{1,6}$/.test(value) ? Number(value) : value;

function taskProblems(task, cluster) {
  if (!isRecord(task)) {
    return [`task: expected an object such as {"type": "worker", "index": 0}, got ${shown(task)}.`];
  }
  const { type } = task;
  const index = indexOf(task.index);
  if (!JOBS.includes(type)) {
    return [`task.type: expected chief or worker, got ${shown(type)}. ${whatToDo(type)}`];
  }
  const list = isRecord(cluster) && Array.isArray(cluster[type]) ? cluster[type] : null;
  if (!list) return [`task.type: expected a job of cluster, got ${shown(type)}, which it lacks.`];
  if (!Number.isInteger(index) || index < 0 || index >= list.length) {
    return [
      `task.index: expected a whole number from 0 to ${list.length - 1} (cluster.${type} has ` +
        `${list.length}), got ${shown(task.index)}.`,
    ];
  }
  return [];
}

/**
 * Reads a TF_CONFIG.
 *
 * @param {string} text
 * @returns {{ addresses: string[], index: number }} all workers, the chief first, and which of them this one is
 * @throws {TfConfigError} naming all that is wrong
 */
export function readTfConfig(text) {
  let config;
  try {
    config = JSON.parse(text);
  } catch (error) {
    throw new TfConfigError([`expected JSON, got ${shown(text)} (${error.message}).`]);
  }
  if (!isRecord(config)) {
    throw new TfConfigError([`expected an object with cluster and task, got ${shown(config)}.`]);
  }
  const { cluster, task } = config;
  const unknown = Object.keys(config).filter((key) => !ALSO.includes(key));
  const problems = [
    ...unknown.map((key) => `${key}: expected only cluster and task, got this key.`),
    ...clusterProblems(cluster),
    ...taskProblems(task, cluster),
  ];
  if (problems.length > 0) throw new TfConfigError(problems);
  const chief = cluster.chief ?? [];
  const addresses = [...chief, ...(cluster.worker ?? [])];
  const index = indexOf(task.index) + (task.type === 'worker' ? chief.length : 0);
  return { addresses, index };
}
