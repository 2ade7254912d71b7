/** Tells weights apart by their numbers, wherever their files lie. */
import { createHash } from 'node:crypto';
import { stateDict } from '../../nn/state-dict';

/** The first 12 hex digits of a SHA-256 over all numbers of both models, by name. */
export function weightsHash({
  unet,
  textEncoder,
}: {
  readonly unet: object;
  readonly textEncoder: object;
}): string {
  const hash = createHash('sha256');
  for (const model of [unet, textEncoder]) {
    for (const [name, { data }] of stateDict(model)) {
      hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
  }
  return hash.digest('hex').slice(0, 12);
}
