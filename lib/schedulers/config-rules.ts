/**
 * Checks a scheduler's config by one rule for every key. A value is never coerced, and a key that is not
 * understood is never dropped.
 */
import { definedKeys, requireRecord } from '../options';

/** What a key may hold, and its value when it is not given. */
export interface KeyRule<T> {
  readonly default: T;
  /** Ends the sentence "expected …". */
  readonly expects: string;
  readonly accepts: (value: unknown) => boolean;
  /** Values that other schedulers of diffusers hold here, and what each means to this one. */
  readonly meanings?: ReadonlyMap<unknown, T>;
  /** True for a key that diffusers' class of this name does not have: `fromConfig` leaves it out. */
  readonly isOthers?: boolean;
}

/** One rule for every key of a config. */
export type ConfigRules<C> = { readonly [K in keyof C]: KeyRule<C[K]> };

export function oneOf<const T extends string>(values: readonly T[], initial: T): KeyRule<T> {
  const expects = values.map((value) => `'${value}'`).join(' | ');
  return { default: initial, expects, accepts: (v) => (values as readonly unknown[]).includes(v) };
}

export function bool(initial: boolean): KeyRule<boolean> {
  return { default: initial, expects: 'true | false', accepts: (v) => typeof v === 'boolean' };
}

export function integer(initial: number, atLeast: number): KeyRule<number> {
  const accepts = (v: unknown) => Number.isInteger(v) && (v as number) >= atLeast;
  return { default: initial, expects: `an integer ≥ ${atLeast}`, accepts };
}

/** A number strictly between the bounds. */
export function numberBetween(initial: number, low: number, high: number): KeyRule<number> {
  const expects = high === Infinity ? `a number > ${low}` : `a number in (${low}, ${high})`;
  const accepts = (v: unknown) => typeof v === 'number' && v > low && v < high;
  return { default: initial, expects, accepts };
}

/** A key of diffusers whose other values are not supported here. */
export function only<T>(value: T): KeyRule<T> {
  const expects = `${show(value)} (nothing else is supported here)`;
  return { default: value, expects, accepts: (v) => v === value };
}

export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'object' && value !== null) return JSON.stringify(value);
  return String(value);
}

const GIVEN = Symbol('given');

/**
 * What a config was made from: the keys that were given, those of other schedulers among them, without any
 * default. It lets the next scheduler take its own defaults, and get back what this one read otherwise, as
 * diffusers' `_use_default_values` does. A copy (`{...config}`) has no such note: every key of it was given.
 */
export function givenKeys(config: object): Readonly<Record<string, unknown>> | undefined {
  return (config as { [GIVEN]?: Readonly<Record<string, unknown>> })[GIVEN];
}

/** The config itself, with a note of what it was made from that neither JSON nor a spread shows. */
export function noteGiven<T extends object>(config: T, given: Record<string, unknown>): T {
  return Object.defineProperty(config, GIVEN, { value: Object.freeze(given), enumerable: false });
}

/**
 * The given keys over the defaults. Keys of other schedulers, which `fromConfig` has noted, follow them as they
 * are, as in diffusers' configs.
 *
 * @param owner the class that the config is for, for the message
 * @param conflicts what is wrong with keys that are each right by themselves
 * @throws Error that names every unknown key and every bad value at once
 */
export function resolveConfig<C extends object>(
  owner: string,
  rules: ConfigRules<C>,
  given: object,
  conflicts: (config: C) => string[] = () => [],
): Readonly<C> {
  requireRecord(owner, given, "a config with diffusers' keys, { key: value }");
  const known = rules as Readonly<Record<string, KeyRule<unknown>>>;
  const noted = givenKeys(given) ?? {};
  const own = definedKeys(given) as Record<string, unknown>;
  const config: Record<string, unknown> = {};
  for (const [key, rule] of Object.entries(known)) config[key] = rule.default;
  for (const key of Object.keys(noted)) if (!Object.hasOwn(known, key)) config[key] = noted[key];
  const problems: string[] = [];
  for (const [key, value] of Object.entries(own)) {
    const rule = Object.hasOwn(known, key) ? known[key] : undefined;
    if (!rule) {
      if (!Object.hasOwn(noted, key)) problems.push(`${key}: unknown key`);
    } else if (!rule.accepts(value))
      problems.push(`${key}: expected ${rule.expects}, got ${show(value)}`);
    else config[key] = value;
  }
  problems.push(...conflicts(config as C));
  if (problems.length > 0) {
    throw new Error(
      `${owner}: the config does not fit:\n  ${problems.join('\n  ')}\n` +
        `Keys are those of diffusers' scheduler_config.json: ${Object.keys(known).join(', ')}. ` +
        `${owner}.fromConfig takes another scheduler's config, too.`,
    );
  }
  return Object.freeze(noteGiven(config, { ...own, ...noted })) as Readonly<C>;
}
