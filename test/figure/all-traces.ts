/** One small figure of each trace type of plotly.js. */

import type { PlotlyObject } from '../../lib/figure/plotly';

const z = [
  [1, 2, 3],
  [2, 3, 4],
  [3, 4, 5.5],
];
const square = { x: [0, 0, 0, 0, 1, 1, 1, 1], y: [0, 1, 0, 1, 0, 1, 0, 1] };
const cube = { ...square, z: [1, 1, 0, 0, 1, 1, 0, 0], value: [1, 2, 3, 4, 5, 6, 7, 8] };
const parts = { labels: ['r', 'a', 'b'], parents: ['', 'r', 'r'], values: [3, 1, 2] };
const carpet = {
  type: 'carpet',
  carpet: 'c',
  color: 'red',
  a: [0, 1, 2],
  b: [0, 1, 2],
  x: [[0, 1, 2], [0, 1, 2], [0, 1, 2]], // prettier-ignore
  y: [[0, 0, 0], [1, 1, 1], [2, 2, 3]], // prettier-ignore
};
const days = { open: [1, 2], high: [3, 4], low: [0, 1], close: [2, 3] };
const columns = { dimensions: [{ values: [1, 2, 3] }, { values: [2, 1, 3] }] };
const round = { r: [1, 2, 3], theta: [0, 90, 180] };
const noShapes = { type: 'FeatureCollection', features: [] };

const one = (type: string, trace: PlotlyObject): readonly [string, readonly PlotlyObject[]] => [
  type,
  [{ type, ...trace }],
];

/** Those that need no browser. */
export const SVG_FIGURES = [
  one('scatter', { x: [1, 2, 3], y: [1, 3, 2] }),
  one('bar', { x: ['a', 'b'], y: [1, 2] }),
  one('box', { y: [1, 2, 3, 4, 9] }),
  one('heatmap', { z }),
  one('histogram', { x: [1, 1, 2, 3] }),
  one('histogram2d', { x: [1, 2, 2, 3], y: [1, 1, 2, 3] }),
  one('histogram2dcontour', { x: [1, 2, 2, 3], y: [1, 1, 2, 3] }),
  one('contour', { z, contours: { showlabels: true } }),
  one('scatterternary', { a: [1, 2], b: [2, 1], c: [1, 1], mode: 'markers' }),
  one('violin', { y: [1, 2, 2, 3, 5], points: 'all' }),
  one('funnel', { y: ['a', 'b'], x: [3, 2] }),
  one('waterfall', { x: ['a', 'b'], y: [3, -2] }),
  one('image', { z: [[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [9, 9, 9]]] }), // prettier-ignore
  one('pie', { values: [1, 2], labels: ['a', 'b'] }),
  one('sunburst', parts),
  one('treemap', parts),
  one('icicle', parts),
  one('funnelarea', { values: [3, 2], labels: ['a', 'b'] }),
  one('parcats', { dimensions: [{ values: ['a', 'b', 'a'] }, { values: ['x', 'y', 'x'] }] }),
  one('sankey', {
    node: { label: ['a', 'b'] },
    link: { source: [0], target: [1], value: [2] },
  }),
  one('indicator', { mode: 'gauge+number', value: 3 }),
  one('table', { header: { values: ['a'] }, cells: { values: [[1, 2]] } }),
  one('carpet', carpet),
  ['scattercarpet', [carpet, { type: 'scattercarpet', carpet: 'c', a: [0.5, 1.5], b: [0.5, 1] }]],
  [
    'contourcarpet',
    [carpet, { type: 'contourcarpet', carpet: 'c', a: [0, 1, 2], b: [0, 1, 2], z }],
  ],
  one('ohlc', days),
  one('candlestick', days),
  one('scatterpolar', round),
  one('barpolar', round),
  one('scattersmith', { real: [1, 2], imag: [1, 0] }),
  one('quiver', { x: [1, 2], y: [1, 2], u: [1, 1], v: [1, 0] }),
] as const;

export const WEBGL_FIGURES = [
  one('scatter3d', { x: [1, 2], y: [1, 2], z: [1, 2] }),
  one('surface', { z }),
  one('isosurface', { ...cube, isomin: 2, isomax: 6 }),
  one('volume', cube),
  one('mesh3d', { x: [0, 1, 2, 0], y: [0, 0, 1, 2], z: [0, 2, 0, 1] }),
  one('cone', { x: [1], y: [1], z: [1], u: [1], v: [1], w: [0] }),
  one('streamtube', {
    ...{ x: [0, 0, 1, 1], y: [0, 1, 0, 1], z: [0, 0, 0, 0] },
    ...{ u: [1, 1, 1, 1], v: [0, 0, 0, 0], w: [0, 0, 0, 0] },
  }),
  one('scattergl', { x: [1, 2, 3], y: [1, 3, 2], mode: 'markers', marker: { size: 20 } }),
  one('splom', { ...columns, marker: { size: 20 } }),
  one('parcoords', columns),
  one('scatterpolargl', { ...round, mode: 'markers', marker: { size: 20 } }),
] as const;

/** Their shapes or tiles come over the network, when the plot is shown. */
export const MAP_FIGURES = [
  one('scattergeo', { lon: [10], lat: [50] }),
  one('choropleth', { locations: ['DEU', 'FRA'], z: [1, 2] }),
  one('scattermap', { lon: [10], lat: [50] }),
  one('choroplethmap', { locations: ['a'], z: [1], geojson: noShapes }),
  one('densitymap', { lon: [10], lat: [50], z: [1] }),
] as const;
