import { describe, expect, it } from 'vitest';
import { lossCurve, noiseSchedule } from '../../lib/charts/plots';
import { drawnIndices, smoothed } from '../../lib/charts/series';

const history = (losses: readonly number[], learningRate?: number) =>
  losses.map((loss, i) => ({ step: i + 1, loss, ...(learningRate ? { learningRate } : {}) }));

describe('drawnIndices', () => {
  it('keeps the extremes of a run that begins with a gap, and the gap of one that has nothing else', () => {
    const values = Array.from({ length: 15_000 }, (_, i) => (i % 20 === 0 ? NaN : i % 20));
    values[105] = 900;
    values[107] = -900;
    values.fill(NaN, 200, 240);
    const kept = new Set(drawnIndices(values));
    expect([105, 107].every((i) => kept.has(i))).toBe(true);
    expect([...kept].some((i) => i >= 200 && i < 240)).toBe(true);
    expect(kept.size).toBeLessThanOrEqual(1502);
  });
});

describe('smoothed', () => {
  it('is the corrected exponential mean', () => {
    // Weights 1, 2, 4 from the oldest to the newest.
    expect(smoothed([4, 2, 6], 0.5)).toEqual([4, (4 + 2 * 2) / 3, (4 + 2 * 2 + 4 * 6) / 7]);
    expect(smoothed([4, 2, 6], 0)).toEqual([4, 2, 6]);
  });

  it('leaves a gap for NaN and goes on', () => {
    expect(smoothed([4, NaN, 2], 0.5)).toEqual([4, NaN, (4 + 2 * 2) / 3]);
  });
});

describe('lossCurve', () => {
  it('draws the losses and their mean', async () => {
    const figure = lossCurve(history([1, 0.5, 0.25]), { smoothing: 0.5, title: 'Run <1>' });
    expect(figure.data.map((trace) => [trace.name, trace.x, trace.y])).toEqual([
      ['each step', [1, 2, 3], [1, 0.5, 0.25]],
      ['smoothed (0.5)', [1, 2, 3], [1, 0.66667, 0.42857]],
    ]);
    const svg = await figure.toSvg();
    expect(svg.match(/class="trace scatter/g)).toHaveLength(2);
    expect(svg).toContain('>Run &#60;1&#62;</text>');
    expect(figure.alt).toBe('Run <1>: 3 steps, from 1 to 0.25, smoothed 0.42857 at the end.');
  });

  it('writes out the ticks of a log axis', () => {
    const { yaxis } = lossCurve(history([0.9, 0.04])).layout as { yaxis: Record<string, unknown> };
    expect(yaxis.type).toBe('log');
    expect(yaxis.ticktext).toEqual(['0.01', '0.02', '0.05', '0.1', '0.2', '0.5', '1', '2', '5']);
  });

  it.each([
    ['a loss of 0', [0.5, 0], undefined],
    ['a wish', [0.5, 0.1], 'linear' as const],
    ['no finite loss', [NaN], undefined],
  ])('has a linear axis for %s', (_, losses, yScale) => {
    const { yaxis } = lossCurve(history(losses), { yScale }).layout as { yaxis: { type?: string } };
    expect(yaxis.type).toBeUndefined();
  });

  it('shows the learning rate on its own axis', () => {
    const figure = lossCurve(history([1, 0.5], 1e-3));
    expect(figure.data[2]).toMatchObject({ name: 'learning rate', yaxis: 'y2', y: [0.001, 0.001] });
    expect(figure.layout.yaxis2).toMatchObject({ ticktext: ['0', '0.0005', '0.001'] });
    expect(lossCurve(history([1, 0.5])).layout.yaxis2).toBeUndefined();
  });

  it('stays small for long runs and keeps the extremes', () => {
    const losses = Array.from({ length: 100_000 }, (_, i) => 0.05 + 0.01 * Math.sin(i));
    losses[41_234] = 3;
    losses[77_777] = 0.001;
    const figure = lossCurve(history(losses));
    const [trace] = figure.data as unknown as { x: number[]; y: number[] }[];
    expect(trace?.x.length).toBeLessThanOrEqual(1502);
    expect(trace?.x).toEqual([...(trace?.x ?? [])].sort((a, b) => a - b));
    expect([trace?.x[0], trace?.x.at(-1)]).toEqual([1, 100_000]);
    expect(Math.max(...(trace?.y ?? []))).toBe(3);
    expect(Math.min(...(trace?.y ?? []))).toBe(0.001);
    expect(JSON.stringify(figure).length).toBeLessThan(80_000);
  });

  it('refuses what it cannot draw', () => {
    expect(() => lossCurve([])).toThrow('at least one step');
    expect(() => lossCurve(history([1]), { smoothing: 1 })).toThrow('below 1, got 1');
  });
});

describe('noiseSchedule', () => {
  it('draws the shares of image and noise', () => {
    const figure = noiseSchedule(Float64Array.of(1, 0.64, 0));
    expect(figure.data.map((trace) => [trace.name, trace.y])).toEqual([
      ['image √ᾱ', [1, 0.8, 0]],
      ['noise √(1 − ᾱ)', [0, 0.6, 1]],
    ]);
    expect(figure.alt).toContain('over 3 time steps');
  });

  it('compares schedules by name', async () => {
    const figure = noiseSchedule({ 'a<b': [0.5], linear: [0.25] });
    expect(figure.data.map((trace) => trace.name)).toEqual([
      'a&lt;b: image √ᾱ',
      'a&lt;b: noise √(1 − ᾱ)',
      'linear: image √ᾱ',
      'linear: noise √(1 − ᾱ)',
    ]);
    expect(await figure.toSvg()).toContain('>a&#60;b: image √ᾱ</text>');
  });

  it('refuses what is no schedule', () => {
    expect(() => noiseSchedule([0.5, 1.5])).toThrow('got 1.5 at t = 1');
    expect(() => noiseSchedule([])).toThrow('at least one time step');
    expect(() => noiseSchedule({})).toThrow('at least one schedule');
  });
});
