/** Checks of config objects, with all problems named at once. */

import { requireRecord } from '../options';

/** What is wrong with one key, or null. */
export type KeyCheck = (value: unknown) => string | null;

const shown = (value: unknown) => JSON.stringify(value) ?? String(value);

export const isPositiveInteger: KeyCheck = (value) =>
  Number.isInteger(value) && (value as number) > 0 ? null : 'expected a positive integer';

export const isPositiveNumber: KeyCheck = (value) =>
  typeof value === 'number' && Number.isFinite(value) && value > 0
    ? null
    : 'expected a positive number';

export const isBoolean: KeyCheck = (value) =>
  typeof value === 'boolean' ? null : 'expected true or false';

/** Accepts a list of values that each pass. */
export const isListOf =
  (check: KeyCheck): KeyCheck =>
  (value) =>
    Array.isArray(value) && value.length > 0 && value.every((item) => check(item) === null)
      ? null
      : `${check(undefined) ?? 'expected a value'} in a list`;

/** Accepts one of the values. */
export const isOneOf =
  (...values: readonly unknown[]): KeyCheck =>
  (value) =>
    values.includes(value) ? null : `expected ${values.map(shown).join(' or ')}`;

/** Accepts what either accepts. */
export const isEither =
  (a: KeyCheck, b: KeyCheck): KeyCheck =>
  (value) =>
    a(value) === null || b(value) === null ? null : `${a(value)}, or ${b(value)}`;

/** A known key of the reference that is supported at its default only. */
export const isOnly = (value: unknown): KeyCheck => {
  const only = shown(value);
  return (got) => (shown(got) === only ? null : `only ${only} is supported`);
};

/** Accepts null beside what the check accepts. */
export const isNullOr =
  (check: KeyCheck): KeyCheck =>
  (value) =>
    value === null ? null : check(value);

/** Accepts a value, or a list of nothing but that value. */
export const isOnlyOrListOf = (value: unknown): KeyCheck =>
  isEither(isOnly(value), isListOf(isOnly(value)));

/**
 * Merges the given keys over the defaults and checks every one. Keys that start with `_` (written by
 * diffusers into its config files) are passed over.
 *
 * @param what the class, for the message
 * @throws Error naming every unknown key and every bad value
 */
export function checkConfig<T extends object>(
  what: string,
  given: object,
  defaults: T,
  checks: Readonly<Record<string, KeyCheck>>,
): T {
  requireRecord(what, given, "a config with diffusers' keys, { key: value }");
  const problems: string[] = [];
  const merged = { ...defaults } as Record<string, unknown>;
  for (const [key, value] of Object.entries(given)) {
    if (key.startsWith('_') || value === undefined) continue;
    const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
    const problem = check ? check(value) : 'unknown key';
    if (problem !== null) problems.push(`${key}: ${problem}, got ${shown(value)}`);
    else if (Object.hasOwn(defaults, key)) merged[key] = value;
  }
  if (problems.length > 0) {
    throw new Error(
      `${what}: the config has ${problems.length} bad keys:\n  ${problems.join('\n  ')}`,
    );
  }
  return merged as T;
}
