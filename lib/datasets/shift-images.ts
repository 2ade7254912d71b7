/** Small shifts of images, so that a network learns what they show wherever it stands. */

/**
 * Moves each image of the batch by its own shift; what comes in from outside is `paper`.
 *
 * @param images row by row
 * @param shape [N, H, W] of grey ones, or [N, H, W, C]
 * @param shifts pixels down, then to the right, of each image: 2 N whole numbers
 * @returns a new array
 */
export function shiftImages(
  images: Float32Array,
  [count, height, width, channels = 1]: readonly [number, number, number, number?],
  shifts: ArrayLike<number>,
  paper = 0,
): Float32Array {
  const moved = new Float32Array(images.length).fill(paper);
  const row = width * channels;
  for (let i = 0; i < count; i++) {
    const [down, right] = [shifts[2 * i]!, shifts[2 * i + 1]! * channels];
    for (let y = Math.max(0, down); y < Math.min(height, height + down); y++) {
      const from = (i * height + y - down) * row;
      const kept = images.subarray(from + Math.max(0, -right), from + row - Math.max(0, right));
      moved.set(kept, (i * height + y) * row + Math.max(0, right));
    }
  }
  return moved;
}
