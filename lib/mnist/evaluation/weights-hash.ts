/** Tells weights apart by their numbers, wherever their files lie. */
import { stateDict } from '../../nn/state-dict';
import { weightsDigest } from '../../training/weights-digest';

/** The first 12 hex digits of a SHA-256 over all numbers of both models, by name. */
export function weightsHash({
  unet,
  textEncoder,
}: {
  readonly unet: object;
  readonly textEncoder: object;
}): string {
  return weightsDigest([...stateDict(unet), ...stateDict(textEncoder)]).slice(0, 12);
}
