/** Programs that use the ops of the table: each is run eagerly and traced, and must give the same. */

import { elementwise } from './elementwise';
import { reductions } from './reduction';
import { arrays } from './array';
import { linear } from './linear';
import { images } from './image';
import { random } from './random';
import type { OpCase } from './case';

export { numbers, type OpCase } from './case';

/** Makes the cases; the inputs are tensors. */
export function opCases(): OpCase[] {
  const families = [elementwise(), reductions(), arrays(), linear(), images(), random()];
  return families.flatMap((family) =>
    Object.entries(family).map(([name, rest]) => ({ name, ...rest })),
  );
}
