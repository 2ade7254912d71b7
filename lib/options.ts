/** Options of a class, checked: what is given over the defaults, where undefined is not given. */

export const isWholeNumber = (value: unknown): value is number => Number.isInteger(value);
export const isCount = (value: unknown): value is number => isWholeNumber(value) && value >= 1;
export const isPositive = (value: unknown): value is number =>
  Number.isFinite(value) && (value as number) > 0;
export const isShare = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= 1;

/** The rule for a seed of all random numbers. */
export const SEED_RULE = [
  'an integer from 0 to 2^53 − 1',
  (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0,
] as const;

/** The keys that hold something; undefined is as good as not given. */
export function definedKeys<T extends object>(keys: T): Partial<T> {
  const entries = Object.entries(keys).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Partial<T>;
}

/** For each option what is expected, as the end of a sentence, and whether a value is that. */
export type OptionRules<O> = {
  readonly [K in keyof O]: readonly [expected: string, fits: (value: unknown, all: O) => boolean];
};

/** Not JSON for numbers: it writes NaN as null. */
const shown = (value: unknown) =>
  typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));

/**
 * @param owner the class, for the message
 * @param defaults those of every option that has one
 * @returns all options
 * @throws RangeError naming every option that is unknown or out of range
 */
export function checkOptions<O extends object>(
  owner: string,
  given: object,
  defaults: Partial<O>,
  rules: OptionRules<O>,
): O {
  const stated = definedKeys(given);
  const all = { ...defaults, ...stated } as O;
  const names = Object.keys(rules) as (keyof O & string)[];
  const problems = names.flatMap((name) => {
    const [expected, fits] = rules[name];
    return fits(all[name], all) ? [] : [`${name}: expected ${expected}, got ${shown(all[name])}`];
  });
  for (const name of Object.keys(stated)) {
    if (!Object.hasOwn(rules, name)) {
      problems.push(`${name}: unknown option (known: ${names.join(', ')})`);
    }
  }
  if (problems.length > 0) throw new RangeError(`${owner}: ${problems.join('; ')}.`);
  return all;
}
