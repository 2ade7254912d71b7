import { describe, expect, it } from 'vitest';
import { Figure } from '../../lib/figure/figure';
import { liveFigure } from '../../lib/notebook/live';
import { fakeClock, fakeNotebook } from '../support/notebook';

const PLOTLY = 'application/vnd.plotly.v1+json';
const png = Uint8Array.of(1);
const settle = () => new Promise((resolve) => setTimeout(resolve, 1));

describe('liveFigure', () => {
  it('redraws one output, no more often than its interval, and ends with the plot', async () => {
    const clock = fakeClock();
    const { sent } = fakeNotebook();
    let step = 0;
    let made = 0;
    const make = () => {
      made++;
      return new Figure([], {}, { alt: `step ${step}`, png });
    };
    const live = liveFigure(make, { interval: 2000, now: clock.now });
    for (step = 1; step <= 50; step++) {
      clock.ms = step * 100; // 5 seconds: drawn at 0.1, 2.1 and 4.1
      live.update();
      await settle();
    }
    expect(made).toBe(3);
    await live.close();
    await live.close();
    live.update();
    expect(sent.map(({ data }) => data['text/plain'])).toEqual([
      'Figure (700×380): step 1',
      'Figure (700×380): step 21',
      'Figure (700×380): step 41',
      'Figure (700×380): step 51',
    ]);
    expect(sent.map(({ data }) => PLOTLY in data)).toEqual([false, false, false, true]);
    expect(sent.map(({ update }) => update)).toEqual([false, true, true, true]);
    expect(new Set(sent.map(({ displayId }) => displayId)).size).toBe(1);
  });

  it('takes at most a twentieth of the time', async () => {
    const clock = fakeClock();
    const { sent } = fakeNotebook();
    const make = () => {
      clock.ms += 500; // a slow drawing
      return new Figure([], {}, { alt: '', png });
    };
    const live = liveFigure(make, { interval: 1000, now: clock.now });
    live.update();
    await settle();
    clock.ms = 9999;
    live.update();
    await settle();
    expect(sent).toHaveLength(1);
    clock.ms = 10_000;
    live.update();
    await settle();
    expect(sent).toHaveLength(2);
  });

  it('never breaks the run, and tells at the end what went wrong', async () => {
    fakeNotebook();
    const live = liveFigure(() => {
      throw new Error('no history yet');
    });
    live.update();
    await settle();
    live.update();
    await expect(live.close()).rejects.toThrow('no history yet');
  });

  it('makes no figure outside a notebook', async () => {
    let made = 0;
    const live = liveFigure(() => new Figure([], {}, { alt: String(made++) }));
    live.update();
    await live.close();
    expect(made).toBe(0);
  });

  it('refuses an interval that is none', () => {
    const make = () => new Figure([], {}, { alt: '' });
    expect(() => liveFigure(make, { interval: -1 })).toThrow('got -1');
  });
});
