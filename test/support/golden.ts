import { join } from 'node:path';
import { readSafetensors, toFloat32Array, toInt32Array } from '../../lib/io/safetensors';
import { checkDigest, uniform } from './drawn';

/** One tensor of a reference case. Integers (I64, I32, U8, BOOL) come as Int32Array. */
export interface GoldenTensor {
  readonly shape: number[];
  readonly data: Float32Array | Int32Array;
}

/** The inputs that a case draws instead of holding them. */
interface Drawn {
  readonly seed: number;
  readonly sha256: string;
  readonly tensors: Readonly<Record<string, { shape: readonly number[]; radius: number }>>;
}

/** The folder of a reference case, with its config.json where it has one. */
export function goldenFolder(name: string): string {
  return join(__dirname, '..', 'fixtures', name);
}

function drawnInputs(name: string, { seed, sha256, tensors }: Drawn) {
  const entries = Object.entries(tensors).map(([key, { shape, radius }]) => {
    return [key, uniform(seed, `${name}/${key}`, shape, { radius })] as const;
  });
  const inputs = new Map(entries);
  checkDigest(inputs, sha256, `test/fixtures/${name}/case.safetensors`);
  return inputs;
}

/** All tensors of test/fixtures/<name>/case.safetensors, those that it draws among them. */
export function loadGolden(name: string): Map<string, GoldenTensor> {
  const { tensors, metadata } = readSafetensors(join(goldenFolder(name), 'case.safetensors'));
  const golden = new Map<string, GoldenTensor>();
  for (const [key, tensor] of tensors) {
    const isFloat = /^B?F\d/.test(tensor.dtype);
    const data = isFloat ? toFloat32Array(tensor, key) : toInt32Array(tensor, key);
    golden.set(key, { shape: [...tensor.shape], data });
  }
  const drawn = metadata['drawn'];
  if (drawn === undefined) return golden;
  return new Map([...golden, ...drawnInputs(name, JSON.parse(drawn) as Drawn)]);
}
