import { join } from 'node:path';
import { readSafetensors, toFloat32Array, toInt32Array } from '../../lib/io/safetensors';

/** One tensor of a reference case. Integers (I64, I32, U8, BOOL) come as Int32Array. */
export interface GoldenTensor {
  readonly shape: number[];
  readonly data: Float32Array | Int32Array;
}

/** The folder of a reference case, with its config.json and weights where it has them. */
export function goldenFolder(name: string): string {
  return join(__dirname, '..', 'fixtures', name);
}

/** All tensors of test/fixtures/<name>/case.safetensors. */
export function loadGolden(name: string): Map<string, GoldenTensor> {
  const { tensors } = readSafetensors(join(goldenFolder(name), 'case.safetensors'));
  const golden = new Map<string, GoldenTensor>();
  for (const [key, tensor] of tensors) {
    const isFloat = /^B?F\d/.test(tensor.dtype);
    const data = isFloat ? toFloat32Array(tensor, key) : toInt32Array(tensor, key);
    golden.set(key, { shape: [...tensor.shape], data });
  }
  return golden;
}
