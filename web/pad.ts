/** The pad that a scribble is drawn on, of the model's own size. */
import type { ModelFacts } from './messages';

/** A stroke's width, of the picture's. */
const STROKE = 1 / 12;

export class Pad {
  private readonly context: CanvasRenderingContext2D;
  private last: readonly [number, number] | null = null;
  /** Whether nothing was drawn yet. */
  isEmpty = true;

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly ink: () => string,
  ) {
    this.context = canvas.getContext('2d', { willReadFrequently: true })!;
    canvas.onpointerdown = (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.last = this.placeOf(event);
      this.stroke(this.last, this.last); // a tap is a dot
    };
    canvas.onpointermove = (event) => {
      if (!this.last) return;
      this.stroke(this.last, (this.last = this.placeOf(event)));
    };
    canvas.onpointerup = canvas.onpointercancel = () => {
      this.last = null;
    };
  }

  /** Makes it as large as the model's pictures, and empty. */
  open({ height, width }: ModelFacts): void {
    this.canvas.width = width;
    this.canvas.height = height;
    this.clear();
  }

  clear(): void {
    this.context.fillStyle = '#000';
    this.context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    this.isEmpty = true;
  }

  /** Numbers from 0 to 1, [height · width · channels]. */
  pixels({ height, width, channels }: ModelFacts): Float32Array {
    const { data } = this.context.getImageData(0, 0, width, height);
    return Float32Array.from(
      { length: width * height * channels },
      (_, i) => data[Math.floor(i / channels) * 4 + (channels < 3 ? 0 : i % channels)]! / 255,
    );
  }

  private placeOf({ offsetX, offsetY }: PointerEvent): readonly [number, number] {
    const scale = this.canvas.width / this.canvas.clientWidth;
    return [offsetX * scale, offsetY * scale];
  }

  private stroke(from: readonly [number, number], to: readonly [number, number]): void {
    const { context, canvas } = this;
    context.strokeStyle = this.ink();
    context.lineWidth = canvas.width * STROKE;
    context.lineCap = 'round';
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(...to);
    context.stroke();
    this.isEmpty = false;
  }
}
