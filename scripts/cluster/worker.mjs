// One worker of several, as scripts/cluster/supervise.mjs starts it.
import { setTimeout as sleep } from 'node:timers/promises';
import { library } from '../command-line/command.mjs';
import { readCommandLine } from '../commands/index.mjs';
import { train } from '../train/train.mjs';
import { WORKER_LOST } from './supervise.mjs';

const member = JSON.parse(process.env.SDM_CLUSTER_MEMBER);
// Only this process: what it starts is no worker.
delete process.env.SDM_CLUSTER_MEMBER;
delete process.env.LD_PRELOAD;
const tell = (state, text) =>
  new Promise((resolve) => {
    if (process.connected) process.send({ state, text }, resolve);
    else resolve();
  });
process.on('disconnect', () => process.exit(WORKER_LOST)); // nobody would tell a worker that hangs

const { values } = readCommandLine('train');
const { joinCluster, WorkerLostError } = library('backend/node/index.js');
try {
  const code = await train(values, joinCluster(member), () => void tell('done'));
  process.exit(code);
} catch (error) {
  if (!(error instanceof WorkerLostError)) throw error;
  await tell('lost', error.message);
  await sleep(10_000); // it goes on answering until it is ended
  process.exit(WORKER_LOST);
}
