import { describe, expect, it } from 'vitest';
import { attentionPlot, embeddingPlot, lossByTimestep } from '../../lib/charts/model-plots';

describe('embeddingPlot', () => {
  it('puts the vectors where their principal components say, with their labels', () => {
    const figure = embeddingPlot({ data: [0, 0, 4, 0, 8, 0], shape: [3, 2] }, ['a', 'b <i>', 'c']);
    const [trace] = figure.data;
    expect((trace?.x as number[]).map(Math.abs)).toEqual([4, 0, 4]);
    expect(trace?.text).toEqual(['a', 'b &lt;i&gt;', 'c']);
    expect(JSON.stringify(figure.layout.xaxis)).toContain('100 % of the variance');
  });

  it('names points that lie on each other together', () => {
    const vectors = { data: [0, 0, 10, 0, 0.01, 0, 10, 0.01, 5, 8], shape: [5, 2] };
    const figure = embeddingPlot(vectors, ['a', 'b', 'c', 'd', 'e']);
    expect(figure.data[0]?.text).toEqual(['a, c', 'b, d', '', '', 'e']);
    expect(figure.data[0]?.hovertext).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(figure.alt).toMatch(/on each other: a, c \| b, d\.$/);
  });

  it('wants a label for each vector', () => {
    expect(() => embeddingPlot({ data: [0, 1], shape: [2, 1] }, ['a'])).toThrow('got [2, 1] and 1');
  });
});

describe('lossByTimestep', () => {
  it('shows the mean of each range, and a gap where there is none', () => {
    const losses = [
      { timestep: 0, loss: 1 },
      { timestep: 249, loss: 3 },
      { timestep: 999, loss: 0.5 },
    ];
    const figure = lossByTimestep(losses, { bins: 4 });
    expect(figure.data[0]?.x).toEqual([125, 375, 625, 875]);
    expect(figure.data[0]?.y).toEqual([2, null, null, 0.5]);
    expect(figure.alt).toContain('2 at the least noise, 0.5 at the most');
  });

  it('refuses nothing to show', () => {
    expect(() => lossByTimestep([])).toThrow('at least one loss');
    expect(() => lossByTimestep([{ timestep: 1, loss: 1 }], { bins: 0 })).toThrow('got 0');
  });
});

describe('attentionPlot', () => {
  const image = { data: new Uint8Array(4), shape: [1, 2, 2, 1] };
  const maps = { data: [0, 1, 0, 1, 0, 1, 1, 0], shape: [2, 2, 2] };

  it('has a picture for each token', () => {
    const figure = attentionPlot(image, maps, ['a', 'digit']);
    expect(figure.layout.images).toHaveLength(2);
    expect(figure.alt).toContain('a | digit');
  });

  it('wants shapes that belong together', () => {
    expect(() => attentionPlot(image, maps, ['a'])).toThrow('S tokens');
    expect(() => attentionPlot(image, { ...maps, shape: [1, 4, 2] }, ['a', 'b'])).toThrow(
      '[1, 4, 2]',
    );
  });
});
