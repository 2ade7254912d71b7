import { tf } from '../backend';
import type { Rule } from '../options';

/**
 * What the learning rate is multiplied by for parameters whose names begin with a part, `{ text_encoder: 0.1 }`: timm's
 * `lr_scale` of a parameter group.
 */
export type LRScales = Readonly<Record<string, number>>;

export const LR_SCALES_RULE: Rule = [
  'a record of parts and numbers ≥ 0, such as { text_encoder: 0.1 }',
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((scale) => Number.isFinite(scale) && scale >= 0),
];

const isOf = (part: string, name: string) => name === part || name.startsWith(`${part}.`);

/** Whether a parameter is of the part. */
export const hasPart = (part: string, names: readonly string[]): boolean =>
  names.some((name) => isOf(part, name));

/** @throws Error naming the parts of which there is no parameter */
export function checkLRScales(owner: string, scales: LRScales, names: readonly string[]): void {
  const missing = Object.keys(scales).filter((part) => !hasPart(part, names));
  if (missing.length === 0) return;
  const parts = [...new Set(names.map((name) => name.split('.')[0]))];
  throw new Error(
    `${owner}: lrScales: expected parts that are trained (${parts.join(', ')}, or a longer beginning of a parameter's name), ` +
      `got ${missing.join(', ')}.`,
  );
}

/** The rate of a parameter by its name: of several parts that fit the longest. Scalars are made once each, in the caller's tidy. */
export function scaledRates(lr: tf.Scalar, scales: LRScales): (name: string) => tf.Scalar {
  const rates = Object.entries(scales)
    .sort(([a], [b]) => b.length - a.length)
    .map(([part, scale]) => [part, tf.mul<tf.Scalar>(lr, scale)] as const);
  return (name) => rates.find(([part]) => isOf(part, name))?.[1] ?? lr;
}
