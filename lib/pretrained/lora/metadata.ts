/** What a file says of an adapter beside its tensors: peft's `LoraConfig` as JSON. */
import { isPattern, type LoraPattern } from '../../nn/lora/config';
import type { AdapterConfig } from '../../nn/lora/registry';
import { isCount, isPositive } from '../../options';

/** The entry of a safetensors file's metadata where diffusers keeps it. */
export const METADATA_KEY = 'lora_adapter_metadata';

type Keys = Readonly<Record<string, unknown>>;

/** What peft's config may say that is not done here, with the values that change nothing. */
const UNSUPPORTED: Readonly<Record<string, (value: unknown) => boolean>> = {
  peft_type: (v) => v === 'LORA',
  bias: (v) => v === 'none',
  use_dora: (v) => v === false,
  use_qalora: (v) => v === false,
  use_bdlora: (v) => v === false,
  lora_bias: (v) => v === false,
  fan_in_fan_out: (v) => v === false,
  modules_to_save: (v) => Array.isArray(v) && v.length === 0,
  layers_to_transform: () => false,
  layer_replication: () => false,
  target_parameters: (v) => Array.isArray(v) && v.length === 0,
  trainable_token_indices: () => false,
};

function pattern(value: unknown, fits: (v: unknown) => boolean): LoraPattern | undefined {
  const given = value ?? {};
  return isPattern(fits)(given) ? (given as LoraPattern) : undefined;
}

/** An adapter's config, but for its targets if the file leaves them open. */
export type ReadConfig = Omit<AdapterConfig, 'targetModules'> & {
  readonly targetModules: AdapterConfig['targetModules'] | undefined;
};

/**
 * A LoraConfig of peft as ours.
 *
 * @param from the file, for messages
 * @throws Error naming every key that is missing, bad, or asks for what is not done here
 */
export function readConfig(keys: Keys, from: string): ReadConfig {
  const problems: string[] = [];
  const check = (name: string, expected: string, fits: boolean) => {
    if (!fits)
      problems.push(
        `${name}: expected ${expected}, got ${JSON.stringify(keys[name]) ?? 'nothing'}`,
      );
  };
  for (const [name, changesNothing] of Object.entries(UNSUPPORTED)) {
    const value = keys[name];
    if (value !== undefined && value !== null) {
      check(name, 'what changes nothing (it is not supported here)', changesNothing(value));
    }
  }
  const { target_modules: targets } = keys;
  const isList = Array.isArray(targets) && targets.every((v) => typeof v === 'string');
  check('r', 'an integer ≥ 1', isCount(keys['r']));
  check('lora_alpha', 'a number > 0', isPositive(keys['lora_alpha']));
  check(
    'target_modules',
    'names of modules',
    targets == null || typeof targets === 'string' || isList,
  );
  const rankPattern = pattern(keys['rank_pattern'], isCount);
  const alphaPattern = pattern(keys['alpha_pattern'], isPositive);
  check('rank_pattern', 'integers ≥ 1 by names', rankPattern !== undefined);
  check('alpha_pattern', 'numbers > 0 by names', alphaPattern !== undefined);
  const rslora = keys['use_rslora'] ?? false;
  check('use_rslora', 'true or false', typeof rslora === 'boolean');
  if (problems.length > 0)
    throw new Error(`${from}: the adapter's config does not fit: ${problems.join('; ')}.`);
  return {
    r: keys['r'] as number,
    loraAlpha: keys['lora_alpha'] as number,
    targetModules: (targets ?? undefined) as ReadConfig['targetModules'],
    useRslora: rslora as boolean,
    rankPattern: rankPattern!,
    alphaPattern: alphaPattern!,
  };
}

/** The keys of one model among those of several, `unet.r`; where none has a beginning, all of them. */
export function keysOf(all: Keys, component: string): Keys | undefined {
  const isPrefixed = Object.keys(all).some((key) => /^(unet|text_encoder)\./.test(key));
  if (!isPrefixed) return Object.keys(all).length > 0 ? all : undefined;
  const start = `${component || 'unet'}.`;
  const own = Object.entries(all).filter(([key]) => key.startsWith(start));
  if (own.length === 0) return undefined;
  return Object.fromEntries(own.map(([key, value]) => [key.slice(start.length), value]));
}

/** peft's names and values, as `LoraConfig(**keys)` takes them. */
export function writtenConfig(config: AdapterConfig): Record<string, unknown> {
  return {
    alpha_pattern: config.alphaPattern,
    bias: 'none',
    lora_alpha: config.loraAlpha,
    lora_dropout: 0,
    peft_type: 'LORA',
    r: config.r,
    rank_pattern: config.rankPattern,
    target_modules: config.targetModules,
    use_dora: false,
    use_rslora: config.useRslora,
  };
}
