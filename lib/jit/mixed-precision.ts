/** The option `mixedPrecision` of what trains and draws, by accelerate's name and values. */
import { supportHere } from './compiler';
import type { Precision } from './trace';

/**
 * - `no`: float32
 * - `bf16`: products and convolutions in bfloat16, and what lies between them where that is faster; weights, moments,
 *   sums and files stay float32. Where nothing computes bfloat16 it is float32, which is said
 * - `auto`: `bf16` where there are instructions for it, else `no`; which it is is said
 */
export type MixedPrecision = 'no' | 'bf16' | 'auto';

const VALUES: readonly unknown[] = ['no', 'bf16', 'auto'] satisfies readonly MixedPrecision[];

/** The rule of the option, for lib/options.ts. */
export const MIXED_PRECISION_RULE = [
  "'no', 'bf16' or 'auto'",
  (value: unknown): boolean => VALUES.includes(value),
] as const;

/** What was chosen. */
export interface ChosenPrecision {
  readonly precision: Precision;
  /** A sentence for the user; null if it is what was asked for. */
  readonly note: string | null;
}

/** @param owner who has the option, for the sentence */
export function chooseMixedPrecision(owner: string, wanted: MixedPrecision): ChosenPrecision {
  if (wanted === 'no') return { precision: 'float32', note: null };
  const support = supportHere((compiler) => compiler.bfloat16());
  if (support.isThere) {
    const chosen = `${owner}: mixedPrecision 'auto' is 'bf16' here, by ${support.by}.`;
    return { precision: 'bfloat16', note: wanted === 'auto' ? chosen : null };
  }
  const { why } = support;
  return {
    precision: 'float32',
    note:
      wanted === 'auto'
        ? `${owner}: mixedPrecision 'auto' is 'no' here: ${why}.`
        : `${owner}: mixedPrecision 'bf16' is computed in float32 here: ${why}.`,
  };
}
