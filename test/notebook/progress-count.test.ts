/**
 * How a bar counts. The expected numbers are those of tqdm 4.70: `format_meter`, and `update` with its clock set; but the
 * share stays within 0 and 100 %, where tqdm's goes on.
 */
import { describe, expect, it } from 'vitest';
import { progress } from '../../lib/notebook/progress';
import { progressHtml, progressText } from '../../lib/notebook/progress-format';
import { fakeClock, fakeNotebook } from '../support/notebook';

/** A bar after ten seconds. */
function after(n: number, total: number | undefined) {
  const clock = fakeClock();
  const bar = progress((function* () {})(), { total, now: clock.now });
  clock.ms = 10_000;
  bar.update(n);
  return bar;
}

describe('a bar shows', () => {
  it.each([
    [-1, 10, '  0%|', '| -1/10 ['],
    [-1, 3, '  0%|', '| -1/3 ['],
    [0, 10, '  0%|', '| 0/10 ['],
    [-0, 10, '  0%|', '| 0/10 ['],
    [0.5, 2, ' 25%|', '| 0.5/2 ['],
    [10, 10, '100%|', '| 10/10 ['],
    [10.2, 10, '100%|', '| 10.2/10 ['],
    [10.49, 10, '100%|', '| 10.49/10 ['],
  ])('%d of %d', (n, total, percent, count) => {
    const text = progressText(after(n, total).snapshot());
    expect(text.startsWith(percent), text).toBe(true);
    expect(text).toContain(count);
    const width = Number(/width:([\d.-]+)%/.exec(progressHtml(after(n, total).snapshot()))?.[1]);
    expect(width).toBe(Math.min(100, Math.max(0, (100 * n) / total)));
  });

  it.each([
    [-3, undefined],
    [2.5, undefined],
    [5, Infinity],
    [10.5, 10],
    [11, 10],
    [3, 0],
    [1e9, 10],
  ])('%d of %d as a count without a total', (n, total) => {
    const snapshot = after(n, total).snapshot();
    expect(progressText(snapshot).startsWith(`${n} it [00:10, `)).toBe(true);
    expect(progressHtml(snapshot)).not.toContain('%');
  });

  it('no time to the end while it goes backwards', () => {
    expect(progressText(after(-1, 10).snapshot())).toContain('[00:10<?, ? it/s]');
  });
});

describe('update', () => {
  it('counts back, by fractions and by nothing, with tqdm’s rates', () => {
    const clock = fakeClock();
    const bar = progress(20, { now: clock.now });
    const seen = [
      [1, 4],
      [1, -1],
      [1, 0],
      [2, 2.5],
      [1, -10],
      [1, 3],
      [0.04, 1],
      [0.04, -2],
      [1, 30],
    ].map(([seconds = 0, n]) => {
      clock.ms += 1000 * seconds;
      bar.update(n);
      return [bar.n, bar.snapshot().rate];
    });
    const rates = [4, 4, 4, 1.9629629629629628, 1.9629629629629628];
    rates.push(2.3217993079584773, 2.3217993079584773, 2.3217993079584773, 11.504028359651949);
    expect(seen.map(([n]) => n)).toEqual([4, 3, 3, 5.5, -4.5, -1.5, -0.5, -2.5, 27.5]);
    seen.forEach(([, rate], i) => expect(rate).toBeCloseTo(rates[i]!, 9));
  });

  it('takes undefined for one item', () => {
    const bar = progress(5);
    bar.update(undefined, undefined);
    bar.update();
    expect(bar.n).toBe(2);
  });

  it('beyond the total draws no more often than before it', () => {
    const clock = fakeClock();
    const { sent } = fakeNotebook();
    const bar = progress(10, { now: clock.now });
    for (let i = 0; i < 100; i++) {
      clock.ms += 1;
      bar.update();
    }
    expect(bar.n).toBe(100);
    // The first, the one that reaches the total, and one after 100 ms at most.
    expect(sent.length).toBeLessThanOrEqual(3);
  });

  it('ends unfinished if it has counted back from the total, finished if it is there again', () => {
    const back = progress(5);
    back.update(5);
    back.update(-1);
    const again = progress(5);
    for (const n of [5, -2, 2]) again.update(n);
    for (const bar of [back, again]) bar.close();
    expect([back.state, again.state]).toEqual(['stopped', 'finished']);
    expect(progressText(back.snapshot())).toMatch(/ 80%\|█{16} {4}\| 4\/5 \[.*\] stopped$/);
  });

  it('adds the values behind the rate; one that is undefined leaves that of before', () => {
    const bar = progress(5);
    bar.update(1, { loss: 0.5, step: 1 });
    bar.update(1, { loss: undefined, step: 2 });
    expect(bar.snapshot().postfix).toEqual({ loss: 0.5, step: 2 });
    bar.setPostfix({ loss: undefined, lr: 1e-3 });
    expect(bar.snapshot().postfix).toEqual({ lr: 1e-3 });
  });
});
