/** Looking into a model: embeddings in the plane, loss by time step, attention to the caption. */

import { escapePlotly } from '../figure/escape';
import { extentOf } from '../figure/extent';
import { Figure } from '../figure/figure';
import type { PlotlyObject } from '../figure/plotly';
import { imageGrid } from './image-grid';
import { toPixels, type ImageBatch, type ImageReadOptions } from '../figure/images';
import { principalComponents } from './pca';
import { short } from './series';
import { axisLayout, baseLayout, FONT_SIZE, INK, PALETTE, titleLayout } from '../figure/theme';

/** Numbers with a shape, as tensors give them by `dataSync` and `shape`. */
export interface Numbers {
  readonly data: ArrayLike<number>;
  readonly shape: readonly number[];
}

/**
 * Vectors as points in the plane of their two principal components. Points that lie on each other share a label.
 *
 * @param vectors [N, D]
 * @param labels N names
 * @throws if there are not as many labels as vectors, or fewer than two
 */
export function embeddingPlot(
  vectors: Numbers,
  labels: readonly string[],
  { title = 'Embeddings' }: { readonly title?: string } = {},
): Figure {
  const [N = 0, D = 0] = vectors.shape;
  if (vectors.shape.length !== 2 || labels.length !== N) {
    throw new Error(
      `Expected vectors [N, D] and N labels, got [${vectors.shape.join(', ')}] and ${labels.length}.`,
    );
  }
  const { points, shares } = principalComponents(vectors.data, [N, D]);
  const names = namesOfHeaps(points, labels);
  const together = names.filter((name) => name !== '' && !labels.includes(name)).join(' | ');
  const percent = (share = 0) => `${(100 * share).toFixed(0)} % of the variance`;
  const data: PlotlyObject[] = [
    {
      type: 'scatter',
      mode: 'markers+text',
      x: points.map(([x = 0]) => short(x)),
      y: points.map(([, y = 0]) => short(y)),
      text: names.map(escapePlotly),
      hovertext: labels.map(escapePlotly),
      textposition: 'top center',
      textfont: { color: INK, size: FONT_SIZE },
      marker: { color: PALETTE[0], size: 10 },
      hoverinfo: 'text',
      cliponaxis: false,
    },
  ];
  const layout: PlotlyObject = {
    ...baseLayout(560, 460),
    title: titleLayout(escapePlotly(title)),
    xaxis: axisLayout(`first component, ${percent(shares[0])}`),
    yaxis: axisLayout(`second component, ${percent(shares[1])}`),
  };
  const alt =
    `${title}: ${N} vectors in the plane of their two principal components, which hold ` +
    `${percent(shares[0])} and ${percent(shares[1])}${together ? `; on each other: ${together}` : ''}.`;
  return new Figure(data, layout, { alt });
}

/** About what share of the plot a label takes, across and down. */
const LABEL = [0.045, 0.055] as const;

/** Labels for points: those closer than a label is large are named together, at the first of them. */
function namesOfHeaps(points: readonly (readonly number[])[], labels: readonly string[]): string[] {
  const sizes = [0, 1].map((axis) => {
    const { low, high } = extentOf(points.map((point) => point[axis] ?? 0));
    return high - low || 1;
  });
  const near = (a: readonly number[] = [], b: readonly number[] = []) =>
    sizes.every((size, axis) => Math.abs((a[axis] ?? 0) - (b[axis] ?? 0)) < LABEL[axis]! * size);
  const heaps: number[] = [];
  for (const [i, point] of points.entries()) {
    heaps.push(points.findIndex((other, j) => j === i || (heaps[j] === j && near(point, other))));
  }
  return heaps.map((heap, i) =>
    heap === i ? labels.filter((_, j) => heaps[j] === i).join(', ') : '',
  );
}

/** The loss of one image at one time step. */
export interface TimestepLoss {
  readonly timestep: number;
  readonly loss: number;
}

/**
 * The mean loss in equal ranges of the time step: where is the noise hard to tell?
 *
 * @throws if there is no loss or `bins` is no positive integer
 */
export function lossByTimestep(
  losses: readonly TimestepLoss[],
  {
    bins = 20,
    numTrainTimesteps = 1000,
    title = 'Loss by time step',
  }: {
    readonly bins?: number;
    readonly numTrainTimesteps?: number;
    readonly title?: string;
  } = {},
): Figure {
  if (!losses.length) throw new Error('Expected at least one loss, got none.');
  if (!Number.isInteger(bins) || bins < 1) {
    throw new RangeError(`Expected bins as an integer of at least 1, got ${bins}.`);
  }
  const size = numTrainTimesteps / bins;
  const means = Array.from({ length: bins }, (_, bin) => {
    const inside = losses.filter(({ timestep }) => Math.floor(timestep / size) === bin);
    return inside.reduce((sum, { loss }) => sum + loss, 0) / inside.length; // NaN, a gap, if none
  });
  const data: PlotlyObject[] = [
    {
      type: 'bar',
      x: means.map((_, bin) => short((bin + 0.5) * size)),
      y: means.map(short),
      width: means.map(() => 0.9 * size),
      marker: { color: PALETTE[0] },
      name: 'mean loss',
    },
  ];
  const layout: PlotlyObject = {
    ...baseLayout(700, 340),
    title: titleLayout(escapePlotly(title)),
    xaxis: axisLayout('time step t', { range: [0, numTrainTimesteps] }),
    yaxis: axisLayout('mean squared error', { rangemode: 'tozero', exponentformat: 'none' }),
  };
  const filled = means.filter((mean) => !Number.isNaN(mean));
  const [first = NaN, last = NaN] = [filled[0], filled.at(-1)];
  const alt =
    `${title}: means of ${losses.length} losses in ${bins} ranges, ${short(first)} at the least ` +
    `noise, ${short(last)} at the most.`;
  return new Figure(data, layout, { alt });
}

/** Black over blue to yellow, told apart by colour-blind people: a few points of cividis. */
const HEAT = [
  [0, 34, 78],
  [65, 77, 107],
  [124, 123, 120],
  [188, 175, 111],
  [254, 232, 56],
] as const;

function heatColour(value: number): readonly [number, number, number] {
  const place = Math.min(1, Math.max(0, value)) * (HEAT.length - 1);
  const index = Math.min(HEAT.length - 2, Math.floor(place));
  const [low, high] = [HEAT[index]!, HEAT[index + 1]!];
  const mix = (i: 0 | 1 | 2) => low[i] + (place - index) * (high[i] - low[i]);
  return [mix(0), mix(1), mix(2)];
}

export interface AttentionPlotOptions extends ImageReadOptions {
  readonly title?: string;
}

/**
 * Where the image looks at which word: each token's attention as colour over the image, each from its own
 * least to its own largest value.
 *
 * @param image [1, H, W, 1]
 * @param maps [H, W, S], as `crossAttentionMaps` gives them
 * @param tokens S pieces of the caption
 * @throws if the shapes do not belong together
 */
export function attentionPlot(
  image: ImageBatch,
  maps: Numbers,
  tokens: readonly string[],
  options: AttentionPlotOptions = {},
): Figure {
  const { pixels, count, height, width, channels } = toPixels(image, options);
  const [H, W, S = 0] = maps.shape;
  if (count !== 1 || channels !== 1 || H !== height || W !== width || S !== tokens.length) {
    throw new Error(
      `Expected one grey image [1, H, W, 1], maps [H, W, S] and S tokens, got ` +
        `[${image.shape.join(', ')}], [${maps.shape.join(', ')}] and ${tokens.length}.`,
    );
  }
  const tiles = tokens.map((_, token): ImageBatch => {
    const weights = Array.from(
      { length: height * width },
      (__, p) => maps.data[p * S + token] ?? 0,
    );
    const { low, high } = extentOf(weights);
    const range = high - low || 1;
    const data = new Uint8Array(height * width * 3);
    weights.forEach((weight, p) => {
      const grey = pixels[p] ?? 0;
      heatColour((weight - low) / range).forEach((colour, c) => {
        data[3 * p + c] = Math.round(0.65 * colour + 0.35 * grey);
      });
    });
    return { data, shape: [1, height, width, 3] };
  });
  const { title = 'Attention to each piece of the caption' } = options;
  const pieces = tokens.map((token) => token.replace('</w>', '')); // CLIP's mark of a word's end
  return imageGrid(tiles, {
    title,
    titles: pieces,
    columns: Math.min(8, tokens.length),
    scale: 3,
    alt: `${title}: ${pieces.join(' | ')}; bright where the image attends to the piece.`,
  });
}
