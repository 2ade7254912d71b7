// Where a long piece of work is: in a terminal one line that changes, else a line now and then.

/** Seconds as `m:ss` or `h:mm:ss`. */
export function timeText(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0
    ? `${hours}:${two(minutes)}:${two(whole % 60)}`
    : `${minutes}:${two(whole % 60)}`;
}

/** `6.10 steps/s`, or `1.04 s/step` where that is easier to read. */
export function rateText(seconds, unit) {
  return seconds > 1 ? `${seconds.toFixed(2)} s/${unit}` : `${(1 / seconds).toFixed(2)} ${unit}s/s`;
}

const BAR = 20;

/** Speed is that of the last minute; in it the first item does not count, which compiles what the others run. */
const WINDOW = 60_000;

/** The count of some items, told as they are done. */
export class Progress {
  #samples = [];
  #toldAt = -Infinity;
  #open = false;

  /**
   * @param {object} options
   * @param {number} options.total where the count ends
   * @param {string} [options.unit] one item
   * @param {number} [options.every] seconds between two lines where there is no terminal
   * @param {{ write(text: string): unknown, isTTY?: boolean }} [options.stream]
   * @param {() => number} [options.now] milliseconds
   */
  constructor({
    total,
    unit = 'step',
    every = 30,
    stream = process.stderr,
    now = () => performance.now(),
  }) {
    Object.assign(this, { total, unit, every, stream, now });
  }

  /**
   * @param {number} n items that are done, of all
   * @param {string} [facts] what else is to be told of them
   */
  update(n, facts = '') {
    const time = this.now();
    this.#samples.push({ n, time });
    while (this.#samples.length > 2 && time - this.#samples[0].time > WINDOW) this.#samples.shift();
    const pause = this.stream.isTTY ? 100 : 1000 * this.every;
    if (time - this.#toldAt < pause && n < this.total) return;
    this.#toldAt = time;
    const text = this.#text(n, facts);
    if (this.stream.isTTY) this.stream.write(`\r${this.#bar(n)}${text}\x1b[K`);
    else this.stream.write(`${new Date().toISOString().slice(0, 19)}  ${text}\n`);
    this.#open = this.stream.isTTY === true;
  }

  #bar(n) {
    const done = Math.round((BAR * n) / this.total);
    return `${'█'.repeat(done)}${'░'.repeat(BAR - done)} `;
  }

  #text(n, facts) {
    const parts = [`${this.unit} ${n} of ${this.total}`];
    if (facts !== '') parts.push(facts);
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (last.n > first.n) {
      const seconds = (last.time - first.time) / 1000 / (last.n - first.n);
      parts.push(rateText(seconds, this.unit));
      if (n < this.total) parts.push(`${timeText(seconds * (this.total - n))} left`);
    }
    return parts.join('  ');
  }

  /** Ends the line of the terminal, so that another can follow. */
  end() {
    if (this.#open) this.stream.write('\n');
    this.#open = false;
  }
}
