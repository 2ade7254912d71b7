/** Pictures on the page: painted as they come, and saved as one PNG. */
import type { ModelFacts } from './messages';

/** Paints numbers from 0 to 1, [height · width · channels]. */
export function paint(
  canvas: HTMLCanvasElement,
  pixels: Float32Array,
  { height, width, channels }: ModelFacts,
): void {
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 4; c++) {
      const isAlpha = c === 3;
      const from = channels < 3 ? 0 : c;
      const value = isAlpha && channels < 4 ? 1 : (pixels[i * channels + from] ?? 0);
      image.data[i * 4 + c] = Math.round(value * 255);
    }
  }
  canvas.getContext('2d')!.putImageData(image, 0, 0);
}

/** One picture with its caption. */
export class Picture {
  readonly figure = document.createElement('figure');
  readonly canvas = document.createElement('canvas');
  private readonly caption = document.createElement('figcaption');

  constructor(
    private readonly facts: ModelFacts,
    private readonly title: string,
    caption: string,
  ) {
    this.canvas.width = facts.width;
    this.canvas.height = facts.height;
    this.canvas.setAttribute('role', 'img');
    this.caption.dir = 'auto';
    this.caption.textContent = caption;
    this.figure.append(this.canvas, this.caption);
    this.tell('waits');
  }

  /** Says to who does not see it how far the picture is. */
  tell(state: string): void {
    this.canvas.setAttribute('aria-label', `${this.title}: ${state}`);
  }

  paint(pixels: Float32Array): void {
    paint(this.canvas, pixels, this.facts);
  }
}

/** Pixels of a saved picture for each of the model's. */
const SCALE = 8;
const GAP = 2;

/** The pictures in rows, enlarged, as a PNG file; null if the browser makes none. */
export function asPng(canvases: readonly HTMLCanvasElement[]): Promise<Blob | null> {
  const [first] = canvases;
  if (!first) return Promise.resolve(null);
  const columns = Math.min(canvases.length, 5);
  const rows = Math.ceil(canvases.length / columns);
  const gap = canvases.length > 1 ? GAP * SCALE : 0;
  const [width, height] = [first.width * SCALE + gap, first.height * SCALE + gap];
  const sheet = document.createElement('canvas');
  sheet.width = columns * width + gap;
  sheet.height = rows * height + gap;
  const context = sheet.getContext('2d')!;
  context.imageSmoothingEnabled = false;
  canvases.forEach((canvas, i) => {
    const [x, y] = [gap + (i % columns) * width, gap + Math.floor(i / columns) * height];
    context.drawImage(canvas, x, y, width - gap, height - gap);
  });
  return new Promise((resolve) => sheet.toBlob(resolve, 'image/png'));
}
