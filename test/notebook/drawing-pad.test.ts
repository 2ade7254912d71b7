import { describe, expect, it } from 'vitest';
import { drawingPad } from '../../lib/notebook/drawing-pad';
import { interact } from '../../lib/notebook/interact';
import { drawnStrokes, type Stroke } from '../../lib/notebook/strokes';
import { table } from '../../lib/notebook/html-table';
import { fakeNotebook } from '../support/notebook';
import '../../lib/figure/save-images';

const rowsOf = (picture: Float32Array, width: number) =>
  Array.from({ length: picture.length / width }, (_, y) => [
    ...picture.subarray(y * width, (y + 1) * width),
  ]);

/** The part of each pixel that lies within the pen's distance of the line, counted in 32 × 32 places. */
function areas([a, b]: Stroke, width: number, height: number, lineWidth: number): number[] {
  const fine = 32;
  const [dx, dy] = [b![0] - a![0], b![1] - a![1]];
  return Array.from({ length: width * height }, (_, i) => {
    let inside = 0;
    for (let k = 0; k < fine * fine; k++) {
      const x = (i % width) + ((k % fine) + 0.5) / fine - a![0];
      const y = Math.floor(i / width) + (Math.floor(k / fine) + 0.5) / fine - a![1];
      const t = Math.max(0, Math.min(1, (x * dx + y * dy) / (dx * dx + dy * dy)));
      if ((x - t * dx) ** 2 + (y - t * dy) ** 2 <= (lineWidth / 2) ** 2) inside += 1;
    }
    return inside / fine ** 2;
  });
}

describe('strokes', () => {
  it('cover the pixels that they pass over, whole or by half', () => {
    const size = { width: 4, height: 4, lineWidth: 2 };
    const across: Stroke = [[-5, 2], [9, 2]]; // prettier-ignore
    const [none, all] = [
      [0, 0, 0, 0],
      [1, 1, 1, 1],
    ];
    expect(rowsOf(drawnStrokes([across], size), 4)).toEqual([none, all, all, none]);
    const thin = drawnStrokes([across], { ...size, lineWidth: 1 });
    expect(rowsOf(thin, 4)).toEqual([none, all, all, none].map((row) => row.map((x) => x / 2)));
  });

  it.each([2.3, 4, 7])('of width %d have the area of what they cover', (lineWidth) => {
    const stroke: Stroke = [[5.2, 4.1], [21.7, 17.9]]; // prettier-ignore
    const size = { width: 28, height: 24, lineWidth };
    const ours = drawnStrokes([stroke], size);
    const exact = areas(stroke, 28, 24, lineWidth);
    const sum = (all: ArrayLike<number>) => Array.from(all).reduce((a, b) => a + b, 0);
    // A slanting edge is softened over one pixel across it: a pixel's share is off by a tenth at most, all together by less.
    exact.forEach((area, i) => expect(Math.abs(ours[i]! - area)).toBeLessThan(0.12));
    expect(Math.abs(sum(ours) / sum(exact) - 1)).toBeLessThan(0.01);
  });

  it('one point is a dot, and strokes over each other count once', () => {
    const size = { width: 3, height: 3, lineWidth: 1 };
    const dot = drawnStrokes([[[1.5, 1.5]]], size);
    expect(rowsOf(dot, 3)).toEqual([[0, 0, 0], [0, 1, 0], [0, 0, 0]]); // prettier-ignore
    expect(drawnStrokes([[[1.5, 1.5]], [[1.5, 1.5]]], size)).toEqual(dot);
  });
});

describe('a drawing pad', () => {
  const four: Stroke[] = [[[9, 6], [8, 14], [19, 14]]]; // prettier-ignore
  const registered = (id: string) =>
    (
      (globalThis as Record<symbol, unknown>)[Symbol.for('sdm.forms')] as Map<
        string,
        (name: string, value: unknown) => void
      >
    ).get(id)!;

  it('begins empty, 28 × 28, or with strokes', () => {
    expect(drawingPad().image.shape).toEqual([28, 28, 1]);
    expect([...drawingPad().image.data].some((x) => x !== 0)).toBe(false);
    const { image, strokes } = drawingPad({ strokes: four, width: 40, height: 20, lineWidth: 3 });
    expect(strokes).toEqual(four);
    expect(image.shape).toEqual([20, 40, 1]);
    expect(image.data).toEqual(drawnStrokes(four, { width: 40, height: 20, lineWidth: 3 }));
  });

  it('shows its picture, inert and without a script', () => {
    const html = drawingPad({ strokes: four }).toHtml();
    expect(html).toContain('alt="Drawing pad of 28 × 28 pixels, 1 stroke"');
    expect(html).toContain('src="data:image/png;base64,');
    expect(html).toContain('value="[[[9,6],[8,14],[19,14]]]" disabled');
    expect(html).toContain('<small>Only shown here: it can be used in JupyterLab');
    expect(html).not.toMatch(/<(script|canvas)/);
  });

  it('takes what the page draws, and tells who listens', () => {
    const pad = drawingPad();
    const sums: number[] = [];
    const end = pad.onChange(({ image }) => sums.push([...image.data].filter((x) => x > 0).length));
    registered(pad.id)('drawing', JSON.stringify(four));
    expect(pad.strokes).toEqual(four);
    expect(pad.image.data).toEqual(drawingPad({ strokes: four }).image.data);
    expect(sums).toEqual([[...pad.image.data].filter((x) => x > 0).length]);
    end();
    registered(pad.id)('drawing', '[]');
    expect(pad.strokes).toEqual([]);
    expect(sums.length).toBe(1);
  });

  it.each([
    ['drawing', 'no JSON'],
    ['drawing', '[[]]'],
    ['drawing', '[[[1]]]'],
    ['drawing', '[[[1,"2"]]]'],
    ['drawing', '[[[1e9,0]]]'],
    ['drawing', `[[${Array<string>(20_001).fill('[1,1]').join(',')}]]`],
    ['ink', '[]'],
  ])('refuses %s = %.30s, and stays as it is', (name, value) => {
    const pad = drawingPad({ strokes: four });
    expect(() => registered(pad.id)(name, value)).toThrow(RangeError);
    expect(pad.strokes).toEqual(four);
  });

  it('refuses bad options, all at once', () => {
    expect(() => drawingPad({ width: 0, hight: 3, lineWidth: NaN } as object)).toThrow(
      /^drawingPad: width: expected an integer from 1 to 1024, got 0; hight: unknown option.*; lineWidth: expected a number above 0/,
    );
    expect(() => drawingPad({ strokes: [[9, 6]] } as never)).toThrow(
      /expected strokes as lists of points \[x, y\] in pixels, such as .*, got \[\[9,6\]\]/,
    );
  });

  it('is drawn from anew with interact', async () => {
    const notebook = fakeNotebook();
    const pad = drawingPad();
    const draw = ({ image }: typeof pad.values) => table({ ink: Math.max(...image.data) });
    await interact(pad, draw, { debounce: 1 });
    expect(notebook.shown()[2]).toMatch(/ink +0/);
    expect(notebook.sent[0]?.data['text/html']).toContain('data-sdm-live');
    registered(pad.id)('drawing', JSON.stringify(four));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(notebook.shown()[2]).toMatch(/ink +1/);
  });
});
