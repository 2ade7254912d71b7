/** Pictures and words at places of a figure's paper, in CSS pixels from its upper left corner. */

import { escapePlotly } from './escape';
import type { PlotlyObject } from './plotly';
import { FONT_SIZE, INK } from './theme';

/** A box on the paper. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A PNG as an address that needs no file. */
export function pngAddress(png: Buffer): string {
  return `data:image/png;base64,${png.toString('base64')}`;
}

/**
 * Plotly measures the paper in shares of the plot's area, from below.
 *
 * @param width of the plot's area, without margins
 * @param height likewise
 */
export function paperOf(width: number, height: number) {
  return {
    /** A picture that fills a box, from a PNG or its address. */
    image(png: Buffer | string, place: Place): PlotlyObject {
      return {
        source: typeof png === 'string' ? png : pngAddress(png),
        xref: 'paper',
        yref: 'paper',
        x: place.left / width,
        y: 1 - place.top / height,
        sizex: place.width / width,
        sizey: place.height / height,
        xanchor: 'left',
        yanchor: 'top',
        sizing: 'stretch',
      };
    },
    /** Words beside a point, or around it. */
    text(words: string, x: number, y: number, xanchor: 'left' | 'center' | 'right'): PlotlyObject {
      return {
        text: escapePlotly(words),
        showarrow: false,
        xref: 'paper',
        yref: 'paper',
        x: x / width,
        y: 1 - y / height,
        xanchor,
        yanchor: 'middle',
        font: { size: FONT_SIZE, color: INK },
      };
    },
  };
}
