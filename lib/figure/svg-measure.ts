/**
 * The measuring functions of SVG that jsdom lacks, as far as plotly needs them: it asks for the
 * boxes of texts, of plain shapes and of groups of them, in a part of the page that is not moved.
 */

import { extentOf } from './extent';
import { openSans, textWidth, type FontStyle } from './font-metrics';
import { pathLength, pointAtLength } from './svg-path';

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const EMPTY: Box = { x: 0, y: 0, width: 0, height: 0 };
const LINE_SPACING = 1.3; // plotly's, in ems

interface TextFont {
  readonly size: number;
  readonly style: FontStyle;
}

/** The font of an element, given the one around it. Plotly writes fonts into style attributes. */
function fontOf(element: Element, around: TextFont): TextFont {
  const css = element.getAttribute('style') ?? '';
  const [, number, unit] = /font-size:\s*([\d.]+)(px|%)/.exec(css) ?? [];
  const size = number ? Number(number) * (unit === '%' ? around.size / 100 : 1) : around.size;
  const weight = /font-weight:\s*(\w+)/.exec(css)?.[1];
  const bold = weight ? weight === 'bold' || Number(weight) >= 600 : around.style === 'bold';
  const italic = /font-style:\s*italic/.test(css) || around.style === 'italic';
  return { size, style: bold ? 'bold' : italic ? 'italic' : 'regular' };
}

/** The font that an element has from its ancestors and itself. */
function inheritedFont(element: Element): TextFont {
  const around = element.parentElement
    ? inheritedFont(element.parentElement)
    : ({ size: 12, style: 'regular' } as const);
  return fontOf(element, around);
}

function widthOf(node: Node, font: TextFont): number {
  if (node.nodeType === node.TEXT_NODE) {
    return textWidth(node.textContent ?? '', font.size, font.style);
  }
  let width = 0;
  for (const child of Array.from(node.childNodes)) {
    const element = child.nodeType === node.ELEMENT_NODE ? (child as Element) : undefined;
    width += widthOf(child, element ? fontOf(element, font) : font);
  }
  return width;
}

function number(element: Element, attribute: string): number {
  return Number.parseFloat(element.getAttribute(attribute) ?? '') || 0;
}

function textBox(text: Element): Box {
  const font = inheritedFont(text);
  const lines = Array.from(text.querySelectorAll('tspan.line'));
  const widths = lines.length ? lines.map((line) => widthOf(line, font)) : [widthOf(text, font)];
  const width = extentOf(widths).high;
  const { ascent, descent } = openSans(font.style);
  const anchor =
    text.getAttribute('text-anchor') ??
    /text-anchor:\s*(\w+)/.exec(text.getAttribute('style') ?? '')?.[1];
  const shift = anchor === 'middle' ? width / 2 : anchor === 'end' ? width : 0;
  return {
    x: number(text, 'x') - shift,
    y: number(text, 'y') - ascent * font.size,
    width,
    height: (ascent + descent + LINE_SPACING * (widths.length - 1)) * font.size,
  };
}

/** Leaves out empty boxes, for example of the groups that plotly keeps without content. */
function union(boxes: readonly Box[]): Box {
  const filled = boxes.filter((box) => box.width > 0 || box.height > 0);
  if (!filled.length) return EMPTY;
  const { low: x } = extentOf(filled.map((box) => box.x));
  const { low: y } = extentOf(filled.map((box) => box.y));
  const { high: right } = extentOf(filled.map((box) => box.x + box.width));
  const { high: bottom } = extentOf(filled.map((box) => box.y + box.height));
  return { x, y, width: right - x, height: bottom - y };
}

type Point = readonly [number, number];

/** The box after one `translate(…)` or `rotate(…)` of an SVG transform. */
function transformBox(box: Box, name: string, [a = 0, b = 0, c = 0]: readonly number[]): Box {
  if (name === 'translate') return { ...box, x: box.x + a, y: box.y + b };
  if (name !== 'rotate') return box;
  const cos = Math.cos((a * Math.PI) / 180);
  const sin = Math.sin((a * Math.PI) / 180);
  const turn = (x: number, y: number): Point => [
    b + cos * (x - b) - sin * (y - c),
    c + sin * (x - b) + cos * (y - c),
  ];
  const right = box.x + box.width;
  const bottom = box.y + box.height;
  const corners = [
    turn(box.x, box.y),
    turn(right, box.y),
    turn(box.x, bottom),
    turn(right, bottom),
  ];
  const across = extentOf(corners.map(([x]) => x));
  const down = extentOf(corners.map(([, y]) => y));
  return {
    x: across.low,
    y: down.low,
    width: across.high - across.low,
    height: down.high - down.low,
  };
}

/** The element's box in its parent's coordinates. */
function transformedBox(element: Element): Box {
  const box = measureElement(element);
  if (box === EMPTY) return box;
  const transforms = element.getAttribute('transform') ?? '';
  // The last one written is the first one carried out.
  return [...transforms.matchAll(/(\w+)\(([^)]*)\)/g)].reverse().reduce((moved, match) => {
    const numbers = (match[2] ?? '').split(/[\s,]+/).map(Number);
    return transformBox(moved, match[1] ?? '', numbers);
  }, box);
}

/** The box around an SVG element: text by the font's widths, shapes by their attributes. */
export function measureElement(element: Element): Box {
  switch (element.tagName.toLowerCase()) {
    case 'text':
    case 'tspan':
      return textBox(element);
    case 'g':
    case 'svg':
    case 'a':
      return union(Array.from(element.children, transformedBox));
    default:
      return {
        x: number(element, 'x'),
        y: number(element, 'y'),
        width: number(element, 'width'),
        height: number(element, 'height'),
      };
  }
}

/** The members of a window that are set here; all windows have them. */
export interface MeasurableWindow {
  readonly SVGElement: { readonly prototype: object };
}

/** Gives the SVG elements of a jsdom window `getBBox` and the other measuring functions. */
export function installSvgMeasure(window: MeasurableWindow): void {
  Object.assign(window.SVGElement.prototype, {
    getBBox(this: Element) {
      return measureElement(this);
    },
    getBoundingClientRect(this: Element) {
      const { x, y, width, height } = transformedBox(this);
      return { x, y, width, height, left: x, top: y, right: x + width, bottom: y + height };
    },
    getComputedTextLength(this: Element) {
      return widthOf(this, inheritedFont(this));
    },
    getTotalLength(this: Element) {
      return pathLength(this.getAttribute('d') ?? '');
    },
    getPointAtLength(this: Element, length: number) {
      return pointAtLength(this.getAttribute('d') ?? '', length);
    },
  });
}
