/** How the library's figures look: white paper, dark text, colours told apart by everyone. */

import type { PlotlyObject } from './plotly';

/**
 * Okabe and Ito's colours, safe for colour-blind readers ("Color Universal Design", 2008), without
 * their yellow, too pale on white paper.
 */
export const PALETTE = [
  '#0072B2', // blue
  '#D55E00', // vermillion
  '#009E73', // bluish green
  '#CC79A7', // reddish purple
  '#E69F00', // orange
  '#56B4E9', // sky blue
  '#000000',
] as const;

export const PAPER = '#ffffff';
export const INK = '#1f2933';
export const MUTED = '#52606d';
const GRID = '#e4e7eb';

/** Around the plot, in CSS pixels. */
export const MARGIN = { l: 64, r: 24, t: 48, b: 52 } as const;

/** Open Sans is what the static picture is drawn with; a browser may take the next. */
export const FONT_FAMILY = 'Open Sans, Helvetica, Arial, sans-serif';
export const FONT_SIZE = 13;
export const TITLE_SIZE = 16;

export const TITLE_FONT: PlotlyObject = { size: TITLE_SIZE, weight: 600, color: INK };

/** The title of a figure, over the left edge of its plot. `text` is escaped by the caller. */
export function titleLayout(text: string): PlotlyObject {
  return { text, font: TITLE_FONT, x: 0, xref: 'paper', xanchor: 'left' };
}

/** An axis with a title, a light grid and a thin line. */
export function axisLayout(title: string, more: PlotlyObject = {}): PlotlyObject {
  return {
    title: { text: title, standoff: 10, font: { size: FONT_SIZE, color: MUTED } },
    automargin: true,
    gridcolor: GRID,
    zeroline: false,
    linecolor: MUTED,
    showline: true,
    ticks: 'outside',
    ticklen: 4,
    tickcolor: MUTED,
    exponentformat: 'e',
    ...more,
  };
}

/** What all figures share; width and height in CSS pixels, fixed so that picture and plot agree. */
export function baseLayout(width: number, height: number): PlotlyObject {
  return {
    width,
    height,
    paper_bgcolor: PAPER,
    plot_bgcolor: PAPER,
    colorway: [...PALETTE],
    font: { family: FONT_FAMILY, size: FONT_SIZE, color: INK },
    margin: MARGIN,
    hoverlabel: { font: { family: FONT_FAMILY } },
  };
}
