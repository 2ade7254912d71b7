import { describe, expect, it } from 'vitest';
import { Figure } from '../../lib/figure/figure';
import { liveFigure } from '../../lib/notebook/live';
import { nextMacrotask } from '../../lib/stop';
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
      clock.ms += 100; // a drawing
      return new Figure([], {}, { alt: '', png });
    };
    const live = liveFigure(make, { interval: 1000, now: clock.now });
    const drawnAt: number[] = [];
    for (clock.ms = 0; clock.ms < 6500; clock.ms += 100) {
      const before = sent.length;
      const now = clock.ms;
      live.update();
      await settle();
      if (sent.length > before) drawnAt.push(now);
    }
    expect(drawnAt).toEqual([0, 2000, 4000, 6000]);
  });

  it.each([100, 900, 2400, 4000])(
    'moves at least every five seconds, whatever a drawing costs, in steps of %i ms',
    async (step) => {
      const clock = fakeClock();
      const { sent } = fakeNotebook();
      const make = () => {
        clock.ms += 900; // a slow drawing
        return new Figure([], {}, { alt: '', png });
      };
      const live = liveFigure(make, { interval: 1000, now: clock.now });
      let last = 0;
      while (clock.ms < 100_000) {
        clock.ms += step;
        const before = sent.length;
        const now = clock.ms;
        live.update();
        await settle();
        if (sent.length === before) continue;
        expect(now - last).toBeLessThanOrEqual(5000);
        last = now;
      }
      expect(sent.length).toBeGreaterThanOrEqual(20);
    },
  );

  it("has the library's loops wait with their next step until a drawing is done", async () => {
    const { sent } = fakeNotebook();
    const turns = async () => {
      for (let i = 0; i < 5; i++) await settle();
    };
    class Slow extends Figure {
      override async mimeBundle() {
        await turns();
        return super.mimeBundle({ interactive: false });
      }
    }
    const live = liveFigure(() => new Slow([], {}, { alt: '', png }), {
      interval: 0,
      now: () => 0,
    });
    const seen: number[] = [];
    for (let step = 1; step <= 3; step++) {
      live.update();
      await nextMacrotask();
      seen.push(sent.length);
    }
    expect(seen).toEqual([1, 2, 3]);
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
