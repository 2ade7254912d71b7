import { createHash } from 'node:crypto';

/** Named numbers, as a state dict has them. */
export type NamedWeights = Iterable<
  readonly [name: string, weights: { readonly data: NodeJS.ArrayBufferView }]
>;

/** SHA-256 of names and numbers, in their order: tells weights apart, wherever they lie. */
export function weightsDigest(weights: NamedWeights): string {
  const hash = createHash('sha256');
  for (const [name, { data }] of weights) hash.update(name).update(data);
  return hash.digest('hex');
}
