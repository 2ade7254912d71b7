/** Trains an adapter of any objective's models, and nothing else. */
import type { tf } from '../backend';
import { registryOf, type AdapterConfig } from '../nn/lora/registry';
import { adapterParameters } from '../nn/lora/weights';
import { namedParameters, stateDict } from '../nn/state-dict';
import { requireRecord } from '../options';
import type { BatchIndices, BatchRecord, Objective, RandomKeys } from './objective';
import { weightsDigest } from './weights-digest';

/** A model of the objective's that has the adapter. */
interface Adapted {
  readonly name: string;
  readonly model: object;
  readonly config: AdapterConfig;
}

/**
 * An objective whose adapters are trained while the models stay as they are: gradients, moments and checkpoints are of
 * the adapter's size. `addAdapter` comes first. A checkpoint has the folder `lora` with `model.safetensors`; after the training
 * `saveLoraWeights` writes a file for diffusers.
 *
 *     addAdapter(unet, { r: 4, loraAlpha: 4, targetModules: ['to_q', 'to_k', 'to_v', 'to_out.0'] });
 *     new Trainer(new AdapterObjective(new TextToImageObjective(parts)), { … })
 */
export class AdapterObjective<
  B extends BatchRecord = BatchRecord,
  O extends Objective<B> = Objective<B>,
> implements Objective<B> {
  readonly parts: Objective['parts'];
  readonly pipelineClass = 'LoraAdapter';
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  readonly length: number;
  readonly streams: readonly string[];
  private readonly adapted: readonly Adapted[];
  private digests: Readonly<Record<string, string>> | undefined;

  /**
   * @param objective draws and weighs the batches; it stays the caller's
   * @param adapterName an adapter of at least one of its models
   * @throws RangeError if none has it; Error if one that has it is frozen or computed without it
   */
  constructor(
    readonly objective: O,
    readonly adapterName = 'default',
  ) {
    const expected = 'an objective, such as a TextToImageObjective';
    requireRecord('AdapterObjective', objective, expected, ['parts', 'parameters']);
    this.adapted = adaptedParts(objective, adapterName);
    const entries = this.adapted.flatMap(({ name, model }) =>
      [...adapterParameters(model, adapterName)].map(([key, v]) => [`${name}.${key}`, v] as const),
    );
    this.parameters = new Map(entries);
    // A plain object: its keys are the names in the file.
    this.parts = { lora: Object.fromEntries(this.parameters) };
    this.length = objective.length;
    this.streams = objective.streams;
  }

  draw(batch: BatchIndices, keys: RandomKeys): B {
    return this.objective.draw(batch, keys);
  }

  loss(batch: B): tf.Scalar {
    return this.objective.loss(batch);
  }

  /** With the models' weights as digests: a checkpoint has only the adapter's. */
  identity(): Readonly<Record<string, unknown>> {
    const { adapted, adapterName } = this;
    const configs = adapted.map(({ name, config }) => [`adapter.${name}`, config] as const);
    const own = { adapterName, ...Object.fromEntries(configs) };
    return { ...this.objective.identity(), ...own, ...(this.digests ??= this.weightDigests()) };
  }

  private weightDigests(): Record<string, string> {
    const parts = Object.entries(this.objective.parts).filter(
      ([, part]) => namedParameters(part).size > 0,
    );
    return Object.fromEntries(
      parts.map(([name, part]) => [`${name}.sha256`, weightsDigest(stateDict(part))]),
    );
  }

  async prepare(indices: Int32Array, next: Int32Array | undefined): Promise<void> {
    await this.objective.prepare?.(indices, next);
  }

  refresh(): void {
    this.objective.refresh?.();
  }

  /** Frees nothing: the objective that it was made of is the caller's. */
  dispose(): void {}
}

function adaptedParts(
  objective: Pick<Objective, 'parts' | 'parameters'>,
  adapterName: string,
): Adapted[] {
  const found = Object.entries(objective.parts).flatMap(([name, model]): Adapted[] => {
    const config = registryOf(model)?.adapters.get(adapterName)?.config;
    return config ? [{ name, model, config }] : [];
  });
  if (found.length === 0) {
    throw new RangeError(
      `AdapterObjective: expected a model with the adapter '${adapterName}', but none of ` +
        `${Object.keys(objective.parts).join(', ')} has it. Call addAdapter(model, …, '${adapterName}') first.`,
    );
  }
  for (const { name, model } of found) {
    const registry = registryOf(model)!;
    if (!registry.activeNames.includes(adapterName) || registry.fused.length > 0) {
      throw new Error(
        `AdapterObjective: expected the adapter '${adapterName}' of ${name} to be computed, but it is ` +
          `${registry.fused.length > 0 ? 'fused (unfuseLora)' : 'not among the active ones (setAdapters)'}.`,
      );
    }
    const isTrained = [...objective.parameters.keys()].some((key) => key.startsWith(`${name}.`));
    if (isTrained) continue;
    throw new Error(
      `AdapterObjective: expected ${name} to be trained by the objective, but it is frozen there: what it gives is ` +
        'computed once, so that its adapter would learn nothing. Pass trainTextEncoder: true; its own weights stay as they are.',
    );
  }
  return found;
}
