import { Generator, permutation, rand } from '../../random';
import { comparePieces, withRealPieces, type Comparison } from './compare';
import type { RealReference } from './evaluate';
import { unitImages } from './generated-images';
import type { Judge } from './judge';
import { requireRecord } from '../../options';
import { inPieces, type Pieces } from '../../pieces';

/**
 * What the measures say where the answer is known: real images that are in no reference set used for them
 * (near the judge's own accuracy, ratio 1), the same with shuffled prompts (10 %), noise (10 %, far away).
 *
 * @throws TypeError without a judge or a reference; Interrupted if Stop was pressed
 */
export async function sanityRows(
  judge: Judge,
  reference: RealReference,
  seed = 0,
): Promise<[name: string, comparison: Comparison][]> {
  requireRecord('sanityRows', judge, 'a judge, as Judge.load gives it', ['network']);
  requireRecord('sanityRows', reference, 'what realReference gives', ['sets', 'floor']);
  const { sets, floor } = reference;
  const [real, ...rest] = sets as [RealReference['sets'][number], ...RealReference['sets']];
  const { length, labels } = real;
  const generator = new Generator(seed);
  const order = permutation(length, generator.stream('data').next());
  const shuffled = { ...real, labels: Uint8Array.from(order, (i) => labels[i]!) };
  const pixels = rand([length * 28 * 28], generator.stream('noise').next());
  const noise = unitImages(Uint8Array.from(pixels.dataSync(), (x) => Math.floor(256 * x)));
  pixels.dispose();
  function* pieces(): Pieces<[string, Comparison][]> {
    return [
      ['real images', yield* withRealPieces(real, rest, floor)],
      ['real, prompts shuffled', yield* withRealPieces(shuffled, rest, floor)],
      ['noise', yield* comparePieces(judge, { images: noise, labels }, rest, floor)],
    ];
  }
  const bar = { description: 'sanity', unit: 'set' };
  return inPieces(pieces(), 3 * rest.length + labels.length, bar);
}
