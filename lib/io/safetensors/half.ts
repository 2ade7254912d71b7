/** Numbers as float16. */
import type { SafetensorsTensor } from './header';

/** Numbers as float16, rounded to the nearest, ties to even; above its range infinite, as torch's `half()`. */
export function toHalf(numbers: Float32Array): Uint16Array {
  const view = new DataView(new ArrayBuffer(4));
  return Uint16Array.from(numbers, (number) => {
    view.setFloat32(0, number);
    const sign = (view.getUint8(0) & 0x80) << 8;
    const magnitude = Math.abs(number);
    if (Number.isNaN(number)) return sign | 0x7e00;
    if (magnitude >= 65520) return sign | 0x7c00;
    // Below 2^-14 the step is that of subnormal numbers.
    const exponent = Math.max(-14, Math.floor(Math.log2(magnitude || 2 ** -24)));
    const step = 2 ** (exponent - 10);
    const whole = nearestEven(magnitude / step);
    return sign | (exponent === -14 ? whole : (exponent + 15) * 1024 + (whole - 1024));
  });
}

/** The whole number next to x, of two as near the even one. */
export function nearestEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  return rest < 0.5 || (rest === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}

/** An F16 tensor of these numbers, rounded as `toHalf` does. `shape` is checked when it is written. */
export function halfFromFloat32Array(
  data: Float32Array,
  shape: readonly number[],
): SafetensorsTensor {
  return { dtype: 'F16', shape: [...shape], data: bytesOfHalf(data) };
}

function bytesOfHalf(data: Float32Array): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(2 * data.length));
  toHalf(data).forEach((half, i) => bytes.setUint16(2 * i, half, true));
  return new Uint8Array(bytes.buffer);
}
