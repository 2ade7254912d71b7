import { describe, expect, it } from 'vitest';
import { progress } from '../../lib/notebook/progress';
import { Interrupted } from '../../lib/stop';
import {
  progressHtml,
  progressText,
  formatInterval,
  formatRate,
} from '../../lib/notebook/progress-format';
import { fakeClock, fakeNotebook } from '../support/notebook';

const text = (message: { data: Record<string, unknown> } | undefined) =>
  message?.data['text/plain'] as string;
const wait = () => new Promise((resolve) => setImmediate(resolve));

describe('format', () => {
  it('writes times and rates as tqdm does', () => {
    expect([0, 59.6, 61, 3599, 3600, 90061, undefined, Infinity].map(formatInterval)).toEqual([
      '00:00',
      '00:59',
      '01:01',
      '59:59',
      '1:00:00',
      '25:01:01',
      '?',
      '?',
    ]);
    expect(formatRate(6.1, 'it')).toBe('6.10 it/s');
    expect(formatRate(1234.5, 'it')).toBe('1235 it/s');
    expect(formatRate(0.645, 'step')).toBe('1.55 s/step');
    expect(formatRate(undefined, 'it')).toBe('? it/s');
    expect(formatRate(0, 'it')).toBe('? it/s');
  });

  it('escapes all text in HTML', () => {
    const bar = progress(2, { description: '<img src=x onerror=alert(1)>', unit: '<u>' });
    bar.setPostfix({ '<i>': '"</div>&' });
    const html = progressHtml(bar.snapshot());
    expect(html).not.toMatch(/<img|<u>|<i>|"<\/div>&/);
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(html).toContain('&lt;i&gt;=&quot;&lt;/div&gt;&amp;');
  });

  it('draws eighths of a cell', () => {
    const bar = progress(160);
    bar.update(59);
    expect(progressText(bar.snapshot())).toMatch(/^ 36%\|███████▍ {12}\| 59\/160 \[/);
  });
});

describe('progress', () => {
  it('counts, and tells rate and remaining time', () => {
    const clock = fakeClock();
    const { sent } = fakeNotebook();
    const bar = progress(200, { description: 'Train', now: clock.now });
    expect(text(sent[0])).toBe('Train:   0%|                    | 0/200 [00:00<?, ? it/s]');
    clock.ms = 2000;
    bar.update(20, { loss: 0.051234 });
    expect(text(sent[1])).toBe(
      'Train:  10%|██                  | 20/200 [00:02<00:18, 10.00 it/s, loss=0.05123]',
    );
    // The next stretch runs at 5 a second: (0.7·6 + 0.3·10) items in (0.7·0.6 + 0.3·2) seconds.
    clock.ms = 4000;
    bar.update(10);
    expect(bar.snapshot().rate).toBeCloseTo(7.2 / 1.02, 10);
    expect(bar.snapshot().remaining).toBeCloseTo((170 * 1.02) / 7.2, 10);
    // At the end the rate is that of the whole run.
    clock.ms = 40_000;
    bar.update(170);
    bar.close();
    expect(text(sent.at(-1))).toBe(
      'Train: 100%|████████████████████| 200/200 [00:40<00:00, 5.00 it/s, loss=0.05123]',
    );
    expect(bar.state).toBe('finished');
    expect(new Set(sent.map((message) => message.displayId)).size).toBe(1);
    expect(sent.map((message) => message.update)).toEqual([false, true, true, true, true]);
  });

  it('goes on from where a run stood', () => {
    const clock = fakeClock();
    const bar = progress(100, { initial: 90, now: clock.now });
    clock.ms = 1000;
    bar.update(5);
    expect(bar.snapshot()).toMatchObject({ n: 95, rate: 5, remaining: 1 });
  });

  /** Each row: the second, what is counted, and tqdm 4.67's count and rate after it (mininterval 0.1, smoothing 0.3). */
  it.each([
    [
      'back and on',
      100,
      0,
      [
        [1, 10, 10, 10],
        [2, -4, 6, 10],
        [3, 6, 12, 7.64705882352941],
      ],
    ],
    [
      'back within an interval',
      100,
      0,
      [
        [1, 10, 10, 10],
        [1.05, -4, 6, 10],
        [2, 6, 12, 7.64705882352941],
      ],
    ],
    [
      'nothing',
      100,
      0,
      [
        [1, 0, 0, 0],
        [2, 5, 5, 5],
        [3, 0, 5, 5],
      ],
    ],
    [
      'fractions',
      3,
      0,
      [
        [1, 0.5, 0.5, 0.5],
        [2, 0.25, 0.75, 0.3529411764705882],
        [4, 1.5, 2.25, 0.6018808777429467],
      ],
    ],
    [
      'beyond the total',
      5,
      0,
      [
        [1, 3, 3, 3],
        [2, 4, 7, 3.5882352941176467],
      ],
    ],
    [
      'below nothing',
      5,
      0,
      [
        [1, 3, 3, 3],
        [2, -5, -2, 3],
      ],
    ],
    [
      'back from where it began',
      50,
      20,
      [
        [1, -5, 15, -5],
        [2, 10, 25, 10],
      ],
    ],
    [
      'to and fro',
      100,
      0,
      [
        [1, 10, 10, 10],
        [2, -10, 0, 10],
        [3, 10, 10, 10],
        [4, -10, 0, 10],
      ],
    ],
  ] as const)('counts %s as tqdm does', (_, total, initial, rows) => {
    const clock = fakeClock();
    const bar = progress(total, { initial, now: clock.now });
    for (const [second, n, count, rate] of rows) {
      clock.ms = 1000 * second;
      bar.update(n);
      expect(bar.n).toBeCloseTo(count, 12);
      expect(bar.snapshot().rate).toBeCloseTo(rate, 12);
    }
    const { remaining } = bar.snapshot();
    expect(remaining).toBeGreaterThanOrEqual(0);
  });

  it.each([
    [7, 5, /^7 it \[00:01, 7\.00 it\/s\]$/],
    [5.4, 5, /^100%\|█{20}\| 5\.4\/5 \[/],
    [5.5, 5, /^5\.5 it \[/],
    [-2, 5, /^ {2}0%\| {20}\| -2\/5 \[/],
    [2.25, 3, /^ 75%\|█{15} {5}\| 2\.25\/3 \[/],
  ])('shows %d of %i', (n, total, shown) => {
    const clock = fakeClock();
    const bar = progress(total, { now: clock.now });
    clock.ms = 1000;
    bar.update(n);
    expect(progressText(bar.snapshot())).toMatch(shown);
    expect(progressHtml(bar.snapshot())).toMatch(
      n >= total + 0.5 ? /^((?!width:220).)*$/ : /width:220/,
    );
  });

  it('goes back, may be drawn, and ends as stopped', () => {
    const { sent } = fakeNotebook();
    const bar = progress(2);
    bar.update(2);
    bar.update(-1);
    bar.close();
    expect(bar.state).toBe('stopped');
    expect(text(sent.at(-1))).toMatch(/1\/2 \[.*\] stopped$/);
  });

  it('updates ten times a second at most, and shows the last item', () => {
    const clock = fakeClock();
    const { sent } = fakeNotebook();
    const bar = progress(1000, { now: clock.now, minInterval: 0 });
    for (let i = 0; i < 1000; i++) {
      clock.ms += 1;
      bar.update();
    }
    // The first, one for each 100 ms, of which the last falls on item 1000.
    expect(sent).toHaveLength(11);
    expect(text(sent.at(-1))).toContain('100%');
    bar.close();
    bar.close();
    bar.update(5);
    expect(sent).toHaveLength(12);
    expect(bar.n).toBe(1000);
  });

  it('stays in its cell', () => {
    const clock = fakeClock();
    const notebook = fakeNotebook();
    const bar = progress(2, { now: clock.now });
    notebook.cell = 2;
    clock.ms = 500;
    bar.update();
    expect(notebook.sent.map(({ cell }) => cell)).toEqual([1, 1]);
  });

  it('counts without a total', () => {
    const clock = fakeClock();
    const bar = progress((function* () {})(), { now: clock.now, unit: 'image' });
    clock.ms = 1000;
    bar.update(3);
    expect(progressText(bar.snapshot())).toBe('3 image [00:01, 3.00 image/s]');
    expect(progressHtml(bar.snapshot())).not.toContain('%');
  });

  it('takes arrays, sets and generators', () => {
    const { sent } = fakeNotebook();
    expect([...progress(['a', 'b'])]).toEqual(['a', 'b']);
    expect(text(sent.at(-1))).toContain('100%|████████████████████| 2/2');
    expect([...progress(new Set([1, 2, 3]))]).toEqual([1, 2, 3]);
    expect(text(sent.at(-1))).toContain('3/3');
    expect([...progress(new Map([[1, 2]]).values(), { total: 1 })]).toEqual([2]);
    expect(text(sent.at(-1))).toContain('1/1');
  });

  it('stays where the loop broke off, marked', () => {
    const { sent } = fakeNotebook();
    for (const item of progress([1, 2, 3, 4])) if (item === 3) break;
    expect(text(sent.at(-1))).toMatch(/^ 50%\|█{10} {10}\| 2\/4 \[.*\] stopped$/);
    expect(sent.at(-1)?.data['text/html']).toContain('background-color:#D55E00');
    expect(() => {
      for (const item of progress([1, 2])) throw new Error(`bad ${item}`);
    }).toThrow('bad 1');
    expect(text(sent.at(-1))).toMatch(/ 0\/2 \[.*\] stopped$/);
  });

  it('moves in a for await loop and lets others run', async () => {
    const { sent, stops } = fakeNotebook();
    let turns = 0;
    const timer = setInterval(() => turns++, 0);
    const seen: number[] = [];
    for await (const item of progress([1, 2, 3])) {
      seen.push(item);
      await new Promise((resolve) => setTimeout(resolve, 5));
      expect(stops.size).toBe(1);
    }
    clearInterval(timer);
    expect(seen).toEqual([1, 2, 3]);
    expect(turns).toBeGreaterThan(0);
    expect(stops.size).toBe(0);
    expect(text(sent.at(-1))).toContain('3/3');
  });

  it('ends a for await loop by the Stop button', async () => {
    const { sent, stops } = fakeNotebook();
    async function* endless() {
      for (let i = 0; ; i++) {
        await wait();
        yield i;
      }
    }
    let last = -1;
    const loop = (async () => {
      for await (const item of progress(endless(), { total: 100 })) {
        last = item;
        if (item === 4) for (const controller of stops) controller.abort();
      }
    })();
    await expect(loop).rejects.toThrow(Interrupted);
    expect(last).toBe(4);
    expect(text(sent.at(-1))).toMatch(/ 5\/100 \[.*\] stopped$/);
    expect(stops.size).toBe(0);
  });

  it('ends a for await loop by a signal, with its reason', async () => {
    const controller = new AbortController();
    const loop = (async () => {
      for await (const item of progress([1, 2, 3], { signal: controller.signal })) {
        if (item === 2) controller.abort(new Error('enough'));
        await wait();
      }
    })();
    await expect(loop).rejects.toThrow('enough');
  });

  it('is silent outside a notebook, unless told where to write', () => {
    const clock = fakeClock();
    const terminal: string[] = [];
    const bar = progress(2, {
      now: clock.now,
      output: { isTTY: true, write: (line) => terminal.push(line) },
    });
    clock.ms = 1000;
    bar.update();
    bar.close();
    expect(terminal).toEqual([
      '\r\x1b[2K  0%|                    | 0/2 [00:00<?, ? it/s]',
      '\r\x1b[2K 50%|██████████          | 1/2 [00:01<00:01, 1.00 it/s]',
      '\r\x1b[2K 50%|██████████          | 1/2 [00:01<00:01, 1.00 it/s] stopped\n',
    ]);
    const file: string[] = [];
    expect([...progress([1], { output: { write: (line) => file.push(line) } })]).toEqual([1]);
    expect(file).toHaveLength(1);
  });

  it('refuses counts that are none', () => {
    expect(() => progress(-1)).toThrow('total to be a number of at least 0, got -1');
    expect(() => progress(NaN)).toThrow('got NaN');
    expect(() => progress(5, { initial: -2 })).toThrow('initial');
    expect(() => progress(5, { minInterval: NaN })).toThrow('minInterval');
    for (const n of [NaN, Infinity, -Infinity, '1', null]) {
      const update = () => progress(5).update(n as number);
      expect(update).toThrow(`Expected n to be a finite number, got ${n}.`);
    }
  });
});
