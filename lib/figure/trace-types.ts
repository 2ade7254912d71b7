/** How plotly.js 4.1 draws each of its trace types. A test compares the lists with plotly's own. */

import type { PlotlyObject } from './plotly';

/** Drawn as SVG, which needs no browser. */
const SVG_TYPES = [
  ...['scatter', 'bar', 'box', 'heatmap', 'histogram', 'histogram2d', 'histogram2dcontour'],
  ...['contour', 'scatterternary', 'violin', 'funnel', 'waterfall', 'image', 'pie', 'sunburst'],
  ...['treemap', 'icicle', 'funnelarea', 'scattergeo', 'choropleth', 'parcats', 'sankey'],
  ...['indicator', 'table', 'carpet', 'scattercarpet', 'contourcarpet', 'ohlc', 'candlestick'],
  ...['scatterpolar', 'barpolar', 'scattersmith', 'quiver'],
] as const;

/** Drawn by WebGL, which only a browser has. */
export const WEBGL_TYPES = [
  ...['scatter3d', 'surface', 'isosurface', 'volume', 'mesh3d', 'cone', 'streamtube'],
  ...['scattergl', 'splom', 'parcoords', 'scatterpolargl'],
] as const;

/** Drawn over tiles, which a browser fetches from a server of maps. */
export const TILE_TYPES = ['scattermap', 'choroplethmap', 'densitymap'] as const;

/** All types, as plotly spells them. */
export const TRACE_TYPES: readonly string[] = [...SVG_TYPES, ...WEBGL_TYPES, ...TILE_TYPES];

/** The type of a trace; plotly's default is scatter. */
export function traceType(trace: PlotlyObject): string {
  return typeof trace.type === 'string' ? trace.type : 'scatter';
}

/** The types among the traces that are of a list, each once. */
export function typesAmong(data: readonly PlotlyObject[], list: readonly string[]): string[] {
  return [...new Set(data.map(traceType))].filter((type) => list.includes(type));
}
