/** Options of a class, checked: what is given over the defaults, where undefined is not given. */

export const isWholeNumber = (value: unknown): value is number => Number.isInteger(value);
export const isCount = (value: unknown): value is number => isWholeNumber(value) && value >= 1;
export const isPositive = (value: unknown): value is number =>
  Number.isFinite(value) && (value as number) > 0;
export const isNotNegative = (value: unknown): value is number => value === 0 || isPositive(value);
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

const LONGEST_SHOWN = 80;

/** A value in a message, whatever it is. Not JSON for numbers: it writes NaN as null. */
export function shown(value: unknown): string {
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null)
    return typeof value === 'string'
      ? JSON.stringify(value.slice(0, LONGEST_SHOWN))
      : String(value);
  const name = (value as object).constructor?.name ?? 'Object';
  if (name !== 'Object' && name !== 'Array') return `a ${name}`;
  try {
    const text = JSON.stringify(value) ?? name;
    return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)} …`;
  } catch {
    return name === 'Array' ? 'a list' : 'a record'; // it contains itself, or a bigint
  }
}

/** What is expected of an option that may be left out, as the end of a sentence, and whether a value is that. */
export type Rule = readonly [expected: string, fits: (value: unknown) => boolean];

export const NOT_NEGATIVE_RULE: Rule = ['a finite number ≥ 0', isNotNegative];
export const TEXT_RULE: Rule = ['a text', (value) => typeof value === 'string'];
export const FLAG_RULE: Rule = ['true or false', (value) => typeof value === 'boolean'];
export const COUNT_RULE: Rule = ['an integer of 1 or more', isCount];
export const TEXTS_RULE: Rule = [
  'a list of texts',
  (value) => Array.isArray(value) && value.every((text) => typeof text === 'string'),
];
export const FUNCTION_RULE: Rule = ['a function', (value) => typeof value === 'function'];
/** Whatever it is, what takes it looks at it. */
export const ANY_RULE: Rule = ['', () => true];

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** @throws TypeError if a value is no record with the keys; `expected` is the end of a sentence */
export function requireRecord(
  owner: string,
  value: unknown,
  expected: string,
  keys: readonly string[] = [],
): void {
  if (!isRecord(value)) throw new TypeError(`${owner}: expected ${expected}, got ${shown(value)}.`);
  const missing = keys.filter((key) => value[key] === undefined || value[key] === null);
  if (missing.length > 0)
    throw new TypeError(`${owner}: expected ${expected}, got none of ${missing.join(', ')}.`);
}

/** @throws TypeError naming what is no tensor */
export function requireTensors(owner: string, tensors: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(tensors)) {
    if (typeof value === 'object' && value !== null && 'shape' in value && 'dtype' in value)
      continue;
    throw new TypeError(`${owner}: expected ${name} as a tensor, got ${shown(value)}.`);
  }
}

/** @throws TypeError if a value is no text; `expected` is the end of a sentence */
export function requireText(owner: string, value: unknown, expected: string): void {
  if (typeof value !== 'string' || value === '')
    throw new TypeError(`${owner}: expected ${expected}, got ${shown(value)}.`);
}

/**
 * Options that may each be left out; undefined is as good as that.
 *
 * @param rules one for each that there is
 * @throws TypeError if they are no record; RangeError naming every one that is unknown or does not fit
 */
export function checkGiven<O extends object>(
  owner: string,
  given: O | undefined,
  rules: Readonly<Record<keyof O & string, Rule>>,
): void {
  if (given === undefined) return;
  requireRecord(owner, given, 'options as a record, { name: value }');
  const known: Readonly<Record<string, Rule>> = rules;
  const problems = Object.entries(definedKeys(given)).flatMap(([name, value]) => {
    if (!Object.hasOwn(known, name))
      return [`${name}: unknown option (known: ${Object.keys(known).join(', ')})`];
    const [expected, fits] = known[name]!;
    return fits(value) ? [] : [`${name}: expected ${expected}, got ${shown(value)}`];
  });
  if (problems.length > 0) throw new RangeError(`${owner}: ${problems.join('; ')}.`);
}

/**
 * @param owner the class, for the message
 * @param defaults those of every option that has one
 * @returns all options
 * @throws TypeError if they are no record; RangeError naming every option that is unknown or out of range
 */
export function checkOptions<O extends object>(
  owner: string,
  given: object,
  defaults: Partial<O>,
  rules: OptionRules<O>,
): O {
  requireRecord(owner, given, 'options as a record, { name: value }');
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
