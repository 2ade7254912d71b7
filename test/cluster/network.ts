/** A network of this machine's own (scripts/cluster/network.mjs), where there is the right to make one. */
import { loadScript } from '../support/script';

export interface Network {
  readonly addresses: readonly string[];
  /** Words before a command that is to run on a host. */
  on(host: number): string[];
  /** Takes a host off the network, or brings it back. */
  connect(host: number, isUp: boolean): void;
  close(): void;
}

const { Network, noNetwork } = loadScript<{
  Network: new (hosts: number) => Network;
  noNetwork: () => string | null;
}>('cluster/network.mjs');

/** Why there can be none here; null if there can. */
export const whyNoNetwork = noNetwork();

export const newNetwork = (hosts: number): Network => new Network(hosts);
