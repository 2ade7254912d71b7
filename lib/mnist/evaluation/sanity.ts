import { Generator, permutation, rand } from '../../random';
import { compareImages, compareWithReal, type Comparison } from './compare';
import type { RealReference } from './evaluate';
import { unitImages } from './generated-images';
import type { Judge } from './judge';

/**
 * What the measures say where the answer is known: real images that are in no reference set used for them
 * (near the judge's own accuracy, ratio 1), the same with shuffled prompts (10 %), noise (10 %, far away).
 */
export function sanityRows(
  judge: Judge,
  { sets, floor }: RealReference,
  seed = 0,
): [name: string, comparison: Comparison][] {
  const [real, ...rest] = sets as [RealReference['sets'][number], ...RealReference['sets']];
  const { length, labels } = real;
  const generator = new Generator(seed);
  const order = permutation(length, generator.stream('data').next());
  const shuffled = { ...real, labels: Uint8Array.from(order, (i) => labels[i]!) };
  const pixels = rand([length * 28 * 28], generator.stream('noise').next());
  const noise = unitImages(Uint8Array.from(pixels.dataSync(), (x) => Math.floor(256 * x)));
  pixels.dispose();
  return [
    ['real images', compareWithReal(real, rest, floor)],
    ['real, prompts shuffled', compareWithReal(shuffled, rest, floor)],
    ['noise', compareImages(judge, { images: noise, labels }, rest, floor)],
  ];
}
