// Whether a worker is there: the port of TensorFlow's server answers a connection of HTTP/2, by which gRPC speaks, with its
// settings. A process that was stopped or hangs does not; the kernel alone would still take the connection.
import http2 from 'node:http2';

/**
 * @param {string} address host:port
 * @param {number} limit milliseconds to wait
 * @returns {Promise<null | string>} null if it answers, else why not
 */
export function probe(address, limit) {
  return new Promise((resolve) => {
    const session = http2.connect(`http://${address}`);
    const end = (why) => {
      clearTimeout(timer);
      session.destroy();
      resolve(why);
    };
    const timer = setTimeout(() => end('no answer'), limit);
    session.on('remoteSettings', () => end(null));
    session.on('error', (error) => end(error.code ?? error.message));
    session.on('close', () => end('connection closed'));
  });
}

/** Keeps in mind when each of some workers has last answered. */
export class Watch {
  /** @param {string[]} addresses @param {number} timeout milliseconds without an answer after which one is gone */
  constructor(addresses, timeout) {
    this.addresses = addresses;
    this.timeout = timeout;
    this.every = Math.min(10_000, timeout / 6);
    this.answered = addresses.map(() => performance.now());
    this.reasons = addresses.map(() => 'no answer');
    this.everAnswered = addresses.map(() => false);
  }

  /** Asks all workers once. @returns {Promise<number[]>} those that did not answer */
  async ask() {
    const limit = Math.min(5000, this.timeout / 3);
    const answers = await Promise.all(this.addresses.map((address) => probe(address, limit)));
    answers.forEach((why, i) => {
      if (why !== null) {
        this.reasons[i] = why;
        return;
      }
      this.answered[i] = performance.now();
      this.everAnswered[i] = true;
    });
    return answers.flatMap((why, i) => (why === null ? [] : [i]));
  }

  /**
   * Asks again and again.
   *
   * @param {(gone: number[]) => void} onGone told once of those that have not answered for too long
   * @returns {() => void} ends it
   */
  start(onGone) {
    let timer;
    let isOver = false;
    const round = async () => {
      await this.ask();
      if (isOver) return;
      const gone = this.gone();
      if (gone.length > 0) onGone(gone);
      else timer = setTimeout(round, this.every);
    };
    void round();
    return () => {
      isOver = true;
      clearTimeout(timer);
    };
  }

  gone() {
    const now = performance.now();
    return this.answered.flatMap((at, i) => (now - at > this.timeout ? [i] : []));
  }

  /** A worker in words: which, where, and why it counts as gone. */
  describe(i) {
    const reason = this.everAnswered[i] ? this.reasons[i] : `never came (${this.reasons[i]})`;
    return `worker ${i} of ${this.addresses.length} (${this.addresses[i]}): ${reason}`;
  }
}
