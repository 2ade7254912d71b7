/** What is used of gifenc, which brings no types. */
declare module 'gifenc' {
  export type GifColor = [red: number, green: number, blue: number];

  export interface GifWriter {
    writeFrame(
      indices: Uint8Array,
      width: number,
      height: number,
      options: {
        /** Needed in the first frame; others without one use that. */
        palette?: GifColor[];
        /** Milliseconds. */
        delay?: number;
        /** 0: for ever; −1: once. */
        repeat?: number;
      },
    ): void;
    finish(): void;
    bytes(): Uint8Array;
  }

  export function GIFEncoder(): GifWriter;
  export function quantize(rgba: Uint8Array | Uint8ClampedArray, maxColors: number): GifColor[];
  export function applyPalette(
    rgba: Uint8Array | Uint8ClampedArray,
    palette: GifColor[],
  ): Uint8Array;
}
