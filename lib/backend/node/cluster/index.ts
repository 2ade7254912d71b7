export { Cluster, joinCluster, WorkerLostError, type AllReduceOptions } from './cluster';
export type { ClusterMember } from './server';
