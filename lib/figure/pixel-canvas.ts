/**
 * The part of a canvas that plotly paints heatmaps and images with: filled rectangles and whole pictures. jsdom has none of
 * it. What needs WebGL gets no context, as in a browser without it.
 */

import { encodePng } from './png';

type Rgba = readonly [number, number, number, number];

/** CSS's hsl to bytes (CSS Color 4, 7.1). */
function fromHsl(hue: number, saturation: number, lightness: number): readonly number[] {
  const [s, l] = [saturation / 100, lightness / 100];
  return [0, 8, 4].map((n) => {
    const k = (((n + hue / 30) % 12) + 12) % 12;
    return 255 * (l - s * Math.min(l, 1 - l) * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  });
}

/** `rgb(…)`, `rgba(…)`, `hsl(…)`, `hsla(…)`: what plotly writes. Others are black. */
function parseColour(css: string): Rgba {
  const numbers = (css.match(/[-\d.]+(?:e[-+]?\d+)?/g) ?? []).map(Number);
  const [a = 0, b = 0, c = 0, alpha = 1] = numbers;
  const [red = 0, green = 0, blue = 0] = css.startsWith('hsl') ? fromHsl(a, b, c) : [a, b, c];
  return [red, green, blue, Math.round(255 * alpha)];
}

interface Canvas {
  readonly width: number;
  readonly height: number;
}

/** What is painted on one canvas, RGBA from the upper left corner. */
class Pixels {
  readonly data: Uint8ClampedArray;
  fillStyle = 'rgb(0,0,0)';

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.data = new Uint8ClampedArray(4 * width * height);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    const colour = parseColour(this.fillStyle);
    const [left, right] = [Math.max(0, Math.round(x)), Math.min(this.width, Math.round(x + width))];
    const bottom = Math.min(this.height, Math.round(y + height));
    for (let row = Math.max(0, Math.round(y)); row < bottom; row++) {
      for (let column = left; column < right; column++) {
        this.data.set(colour, 4 * (row * this.width + column));
      }
    }
  }

  createImageData(width: number, height: number): Pixels {
    return new Pixels(width, height);
  }

  getImageData(x: number, y: number, width: number, height: number): Pixels {
    const part = new Pixels(width, height);
    for (let row = 0; row < height; row++) {
      const start = 4 * ((y + row) * this.width + x);
      part.data.set(this.data.subarray(start, start + 4 * width), 4 * row * width);
    }
    return part;
  }

  putImageData(image: Pixels, x: number, y: number): void {
    for (let row = 0; row < image.height; row++) {
      const line = image.data.subarray(4 * row * image.width, 4 * (row + 1) * image.width);
      this.data.set(line, 4 * ((y + row) * this.width + x));
    }
  }

  clearRect(): void {
    this.data.fill(0);
  }

  toDataUrl(): string {
    const bytes = new Uint8Array(this.data.buffer);
    return `data:image/png;base64,${encodePng(bytes, this.width, this.height, 4).toString('base64')}`;
  }
}

/** The members of a window that are set here; all windows have them. */
export interface CanvasWindow {
  readonly HTMLCanvasElement: { readonly prototype: object };
}

/** Gives the canvases of a jsdom window a context for pixels. */
export function installPixelCanvas(window: CanvasWindow): void {
  const painted = new WeakMap<Canvas, Pixels>();
  Object.assign(window.HTMLCanvasElement.prototype, {
    getContext(this: Canvas, kind: string) {
      if (kind !== '2d') return null;
      const known = painted.get(this);
      // A canvas whose size is set anew is empty.
      if (known?.width === this.width && known.height === this.height) return known;
      const pixels = new Pixels(this.width, this.height);
      painted.set(this, pixels);
      return pixels;
    },
    toDataURL(this: Canvas) {
      return (painted.get(this) ?? new Pixels(1, 1)).toDataUrl();
    },
  });
}
