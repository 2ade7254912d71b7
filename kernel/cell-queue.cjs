'use strict';
// Cells run one after the other. A failure refuses those that wait, as with ipykernel, and no later one.

/** Lets what has arrived meanwhile be read: a cell that never waited has kept the sockets waiting. */
const turn = () => new Promise((resolve) => setImmediate(resolve));

class CellQueue {
  #jobs = [];
  #isRunning = false;

  /**
   * @param job.run runs the cell; it resolves to a function that answers, and to `failed`: whether those that wait
   *   are refused. It never rejects
   * @param job.refuse answers without running it
   */
  add(job) {
    this.#jobs.push(job);
    if (!this.#isRunning) void this.#run();
  }

  async #run() {
    this.#isRunning = true;
    for (let job; (job = this.#jobs.shift());) {
      const { answer, failed } = await job.run();
      const refused = failed ? await this.#waiting() : [];
      answer();
      refused.forEach((other) => other.refuse());
    }
    this.#isRunning = false;
  }

  /** All that was sent before the answer to the one that failed; who has its answer sends what comes after. */
  async #waiting() {
    const quiet = 3; // turns
    for (let still = 0, count = -1; still < quiet; still++) {
      if (this.#jobs.length !== count) still = 0;
      count = this.#jobs.length;
      await turn();
    }
    return this.#jobs.splice(0);
  }
}

module.exports = { CellQueue };
