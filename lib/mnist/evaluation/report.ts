/** The figures of an evaluation as rows of a table. */
import type { Comparison } from './compare';

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
/** Standard errors of a 95 % interval, to the digits of the published figures. */
const Z_95 = 1.96;

/** One row: what a set of images scored, by the names of the columns. */
export function columnsOf({
  name,
  overall,
  perDigit,
  ...row
}: Comparison & { readonly name: string }) {
  const worst = perDigit.reduce((a, b) => (b.share < a.share ? b : a));
  return {
    images: name,
    N: row.numImages,
    accuracy: percent(overall.share),
    '95 % interval': `${percent(overall.low)} – ${percent(overall.high)}`,
    'worst digit': `${perDigit.indexOf(worst)}: ${percent(worst.share)}`,
    'Fréchet (95 %)': `${row.frechet.toFixed(2)} ± ${(Z_95 * row.frechetStandardError).toFixed(2)}`,
    'over real': row.frechetRatio.toFixed(2),
    KID: row.kid.toFixed(1),
    diversity: percent(row.diversityRatio),
    precision: row.precision.toFixed(3),
    recall: row.recall.toFixed(3),
    density: row.density.toFixed(3),
    coverage: row.coverage.toFixed(3),
  };
}

/** A row for each digit asked for: how many images the judge took for which digit (columns 0 to 9). */
export function confusionTable({ confusion }: Pick<Comparison, 'confusion'>) {
  return confusion.map((counts, asked): Record<string, number> => {
    return { asked, ...Object.fromEntries(counts.entries()) };
  });
}
