import { definedKeys } from '../options';
import type { SchedulerKind } from './base-scheduler';
import { TRAINING_KEYS, type NoiseScheduleConfig } from './config';
import { givenKeys, noteGiven, show, type KeyRule } from './config-rules';
import {
  isCompatibleKey,
  isKnownKey,
  isKnownScheduler,
  KNOWN_SCHEDULERS,
} from './known-schedulers';

type Keys = Record<string, unknown>;

/** @throws Error if it is no object */
export function configObject(className: string, json: unknown): Keys {
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Keys;
  throw new Error(
    `${className}: expected the object of a scheduler_config.json, got ${show(json)}.`,
  );
}

/** The keys of a config file or a scheduler's config, without diffusers' notes on itself (`_class_name` …). */
function readConfig(
  className: string,
  json: unknown,
): { readonly from: string; readonly keys: Keys } {
  const object = configObject(className, json);
  const { _class_name: from = className, _use_default_values: defaults, ...all } = object;
  if (typeof from !== 'string' || !isKnownScheduler(from)) {
    throw new Error(
      `${className}: expected a config of a scheduler over betas, got one of ${show(from)}. ` +
        `Those are ${KNOWN_SCHEDULERS.join(', ')}.`,
    );
  }
  const isDefault = (key: string) => Array.isArray(defaults) && defaults.includes(key);
  const isTraining = (key: string) => (TRAINING_KEYS as readonly string[]).includes(key);
  const given = givenKeys(object);
  const keys = Object.entries({ ...all, ...given }).filter(
    ([key]) =>
      !key.startsWith('_') &&
      key !== 'quantization_config' &&
      // What a model was trained with stays, whosever default it was.
      (isTraining(key) || (given ? Object.hasOwn(given, key) : !isDefault(key))),
  );
  return { from, keys: definedKeys(Object.fromEntries(keys) as Keys) };
}

/**
 * A class's config from a scheduler_config.json or from the config of any scheduler over betas, as diffusers'
 * `from_config`: the class's own keys are taken, keys that only others have are ignored. Those that diffusers'
 * schedulers exchange stay in the config for the next scheduler that is made of it. What the other one had by
 * default gets the default of this class. Unlike diffusers, what the model was trained with (`TRAINING_KEYS`)
 * is always taken, defaults too, and a key that no scheduler has is refused.
 *
 * @param changes keys that are to differ; they are the class's own
 * @returns what the class's constructor takes, which refuses unknown keys and values by name
 * @throws Error if it is no object, or the config of something else
 */
export function configFrom<C extends NoiseScheduleConfig>(
  { className, rules }: SchedulerKind<C>,
  json: unknown,
  changes: Partial<C>,
): Partial<C> {
  const { from, keys } = readConfig(className, json);
  const known = rules as Readonly<Record<string, KeyRule<unknown>>>;
  const [own, given]: [Keys, Keys] = [{}, {}];
  for (const [key, value] of Object.entries(keys)) {
    const rule = Object.hasOwn(known, key) ? known[key] : undefined;
    const isOwn = rule !== undefined && !rule.isOthers;
    if (isOwn) own[key] = rule.meanings?.has(value) ? rule.meanings.get(value) : value;
    if (isOwn || isCompatibleKey(key)) given[key] = value;
    else if (!isKnownKey(key, value, from)) own[key] = value; // for the constructor to refuse
  }
  for (const [key, value] of Object.entries(definedKeys(changes))) {
    own[key] = value;
    if (Object.hasOwn(known, key)) given[key] = value;
  }
  return noteGiven(own, given) as Partial<C>;
}
