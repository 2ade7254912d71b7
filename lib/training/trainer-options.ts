/** Hyperparameters of a training, checked. */
export interface TrainerOptions {
  /** Images per optimizer step. */
  readonly batchSize: number;
  /** Images at once in memory; the gradients of several are summed. The whole batch by default. */
  readonly microBatchSize?: number;
  readonly learningRate?: number;
  readonly weightDecay?: number;
  /** Gradients are scaled down to this norm; null (default) leaves them. */
  readonly maxGradNorm?: number | null;
  /** Share of images trained with the empty caption, so that guidance has what it departs from. */
  readonly captionDropout?: number;
  /** Train the text encoder with the UNet (default), or keep it frozen. */
  readonly trainTextEncoder?: boolean;
  /** Tokens of a caption. */
  readonly maxLength?: number;
  /** Order of the data, noise, time steps, dropout. */
  readonly seed: number;
}

const isCount = (value: unknown) => Number.isInteger(value) && (value as number) > 0;

/**
 * Fills in the defaults.
 *
 * @throws RangeError naming every option that is out of range
 */
export function resolveTrainerOptions(options: TrainerOptions): Required<TrainerOptions> {
  const o = {
    microBatchSize: options.batchSize,
    learningRate: 1e-3,
    weightDecay: 0.01,
    maxGradNorm: null,
    captionDropout: 0,
    trainTextEncoder: true,
    maxLength: 8,
    ...options,
  };
  const rules: [name: keyof TrainerOptions, expected: string, fits: boolean][] = [
    ['batchSize', 'an integer ≥ 1', isCount(o.batchSize)],
    [
      'microBatchSize',
      'an integer from 1 to batchSize',
      isCount(o.microBatchSize) && o.microBatchSize <= o.batchSize,
    ],
    ['maxGradNorm', 'null or a number > 0', o.maxGradNorm === null || o.maxGradNorm > 0],
    ['captionDropout', 'a number from 0 to 1', o.captionDropout >= 0 && o.captionDropout <= 1],
    ['maxLength', 'an integer ≥ 2', isCount(o.maxLength) && o.maxLength >= 2],
    ['trainTextEncoder', 'true or false', typeof o.trainTextEncoder === 'boolean'],
  ];
  const known = new Set<string>([
    ...rules.map(([name]) => name),
    'learningRate',
    'weightDecay',
    'seed',
  ]);
  const unknown = Object.keys(options).filter((name) => !known.has(name));
  const problems = [
    ...rules
      .filter(([, , fits]) => !fits)
      .map(([name, e]) => `${name}: expected ${e}, got ${o[name]}`),
    ...unknown.map((name) => `${name}: unknown option (known: ${[...known].join(', ')})`),
  ];
  if (problems.length > 0) throw new RangeError(`Trainer: ${problems.join('; ')}.`);
  return o;
}
