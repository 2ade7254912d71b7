/** Where a figure shows pictures of its own (digits, photos): a dark theme turns the colours of all around them. */

import type { PlotlyObject } from './plotly';

/** Left, top, width, height, in CSS pixels of the figure. */
export type Box = readonly [number, number, number, number];

const number = (tag: string, name: string) =>
  Number(new RegExp(`\\s${name}="([-\\d.e]+)"`).exec(tag)?.[1] ?? 0);

/** The boxes of the layout's images and of traces of type image, in the SVG text that plotly makes. */
export function boxesInSvg(svg: string): Box[] {
  const boxes: Box[] = [];
  let offset: readonly [number, number] | undefined = [0, 0]; // undefined: in a plot, but of no image trace
  let plot: readonly [number, number] = [0, 0];
  const parts =
    /<g class="plot"[^>]*?translate\(([-\d.]+),\s*([-\d.]+)\)|class="(imagelayer)"|class="(im)"|class="(heatmaplayer|hm|contourlayer)[ "]|<image\s[^>]*>/g;
  for (const [tag, left, top, layer, image, others] of svg.matchAll(parts)) {
    if (left !== undefined) plot = [Number(left), Number(top)];
    else if (layer) offset = [0, 0];
    else if (image) offset = plot;
    else if (others) offset = undefined;
    else if (offset) {
      const [x, y] = offset;
      boxes.push([
        number(tag, 'x') + x,
        number(tag, 'y') + y,
        number(tag, 'width'),
        number(tag, 'height'),
      ]);
    }
  }
  return boxes;
}

/** The boxes of the images of a layout without margins, which was not drawn by plotly. */
export function boxesInLayout({ images, width, height }: PlotlyObject): Box[] {
  const [W, H] = [Number(width), Number(height)];
  return ((images ?? []) as PlotlyObject[]).map(({ x, y, sizex, sizey }) => [
    Number(x) * W,
    (1 - Number(y)) * H,
    Number(sizex) * W,
    Number(sizey) * H,
  ]);
}
