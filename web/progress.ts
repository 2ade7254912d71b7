/** How far a drawing is, and how long it will take: said before, and mended by what the steps have taken. */
import type { Wish } from './messages';

const secondsText = (seconds: number) =>
  seconds < 90 ? `${Math.max(1, Math.round(seconds))} s` : `${Math.round(seconds / 60)} min`;

export class Progress {
  /** Pictures that are whole. */
  finished = 0;
  /** What steps have taken, of what was expected. */
  private pace = 1;
  private open = 0;
  private pictures = 0;
  private total = 0;
  private done = 0;
  private since = 0;
  private expected = 0;

  constructor(
    private readonly bar: HTMLProgressElement,
    private readonly say: (text: string) => void,
  ) {}

  get isRunning(): boolean {
    return this.open > 0;
  }

  /** @param perStep milliseconds of a step of one picture without guidance */
  start(wishes: readonly Wish[], workers: number, perStep: number): void {
    const evaluations = wishes.map(
      ({ steps, guidance, sampler }) =>
        steps * (guidance === 1 ? 1 : 2) * (sampler === 'heun' ? 2 : 1),
    );
    this.open = this.pictures = wishes.length;
    this.finished = this.done = 0;
    this.total = wishes.reduce((sum, { steps }) => sum + steps, 0);
    this.expected = (this.pace * perStep * evaluations.reduce((sum, n) => sum + n, 0)) / workers;
    this.since = performance.now();
    this.bar.value = 0;
    const what = wishes.length === 1 ? 'A picture' : `${wishes.length} pictures`;
    this.say(`Drawing: ${what} in about ${secondsText(this.expected / 1000)} …`);
  }

  stepped(stepsOfPicture: number): void {
    this.done++;
    // A scribble, or a sampler that goes twice, takes other numbers of steps than were asked for.
    this.total = Math.max(this.total, this.done, stepsOfPicture);
    this.bar.value = this.done / this.total;
  }

  /** A picture ended, whole or not. */
  ended(isWhole: boolean): void {
    this.open--;
    if (isWhole) this.finished++;
    if (this.open > 0) return;
    const milliseconds = performance.now() - this.since;
    const isAll = this.finished === this.pictures;
    if (isAll && milliseconds > 0) this.pace *= milliseconds / this.expected;
    this.bar.value = isAll ? 1 : this.bar.value;
    const took = (milliseconds / 1000).toFixed(1);
    const what = this.pictures === 1 ? 'Done' : `${this.finished} of ${this.pictures} pictures`;
    this.say(isAll ? `${what}, in ${took} s.` : `Stopped after ${took} s: ${this.finished} whole.`);
  }
}
