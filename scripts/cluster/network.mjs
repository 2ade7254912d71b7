// A network of this machine's own, to measure and to test in: network namespaces with an address each, joined by a bridge in one
// more. They share nothing with the machine's network. Linux, iproute2, and the right to make namespaces (root).
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

const NAMES = 'sdm-net-';
const ip = (...words) => {
  try {
    execFileSync('ip', words, { stdio: ['ignore', 'ignore', 'pipe'] });
  } catch (error) {
    const why = String(error.stderr ?? error.message).trim();
    throw new Error(`ip ${words.join(' ')}: ${why}`, { cause: error });
  }
};
const isThere = (pid) => fs.existsSync(`/proc/${pid}`);

/** Why there can be no such network here; null if there can. */
export function noNetwork() {
  try {
    new Network(1).close();
    return null;
  } catch (error) {
    return error.message;
  }
}

/** Ends namespaces of processes that have ended without doing so. */
function removeStale() {
  const folder = '/run/netns';
  const names = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  for (const name of names.filter((found) => found.startsWith(NAMES))) {
    if (!isThere(name.slice(NAMES.length).split('-')[0])) ip('netns', 'delete', name);
  }
}

let made = 0;

export class Network {
  #prefix = `${NAMES}${process.pid}-${made++}-`;
  #made = [];
  #close = () => this.close();

  /**
   * @param {number} count hosts
   * @throws Error saying which command of `ip` failed
   */
  constructor(count) {
    removeStale();
    /** Of each host, in a network of 254. */
    this.addresses = Array.from({ length: count }, (_, i) => `10.0.0.${i + 1}`);
    process.on('exit', this.#close);
    try {
      const bridge = this.#add('bridge');
      ip('-n', bridge, 'link', 'add', 'bridge', 'type', 'bridge');
      ip('-n', bridge, 'link', 'set', 'bridge', 'up');
      this.addresses.forEach((address, i) => {
        const host = this.#add(i);
        ip('link', 'add', 'eth', 'netns', host, 'type', 'veth', 'peer', `p${i}`, 'netns', bridge);
        ip('-n', bridge, 'link', 'set', `p${i}`, 'master', 'bridge', 'up');
        ip('-n', host, 'address', 'add', `${address}/24`, 'dev', 'eth');
        for (const device of ['eth', 'lo']) ip('-n', host, 'link', 'set', device, 'up');
      });
    } catch (error) {
      this.close();
      throw error;
    }
  }

  #add(what) {
    const name = `${this.#prefix}${what}`;
    ip('netns', 'add', name);
    this.#made.push(name);
    return name;
  }

  /** The words before a command that is to run on a host. */
  on(i) {
    return ['nsenter', `--net=/run/netns/${this.#prefix}${i}`];
  }

  /** What each host sends is limited to so many Gbit/s by a token bucket (tc-tbf(8)). */
  limit(gigabits) {
    this.addresses.forEach((_, i) => {
      const tc = ['tc', '-n', `${this.#prefix}${i}`, 'qdisc'];
      const run = (...words) => execFileSync(tc[0], [...tc.slice(1), ...words], { stdio: 'pipe' });
      // A bucket of two of the largest packets that the kernel hands on whole, or of what passes in 100 µs.
      const burst = Math.max(128 * 1024, Math.round((gigabits * 1e9 * 1e-4) / 8));
      const rate = ['rate', `${Math.round(gigabits * 1e6)}kbit`, 'burst', `${burst}`];
      run('replace', 'dev', 'eth', 'root', 'tbf', ...rate, 'latency', '50ms');
    });
  }

  /** Takes a host off the network, or brings it back: the link is set down or up, as a cable that is pulled. */
  connect(i, isUp) {
    ip('-n', `${this.#prefix}bridge`, 'link', 'set', `p${i}`, isUp ? 'up' : 'down');
  }

  /** Bytes that a host has sent. */
  sent(i) {
    const out = execFileSync('ip', [
      '-n',
      `${this.#prefix}${i}`,
      '-s',
      '-j',
      'link',
      'show',
      'eth',
    ]);
    return JSON.parse(String(out))[0].stats64.tx.bytes;
  }

  /** Ends it; processes on its hosts are ended by whoever started them. */
  close() {
    process.off('exit', this.#close);
    for (const name of this.#made.splice(0)) {
      try {
        ip('netns', 'delete', name);
      } catch {
        // gone already
      }
    }
  }
}
