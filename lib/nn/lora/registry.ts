/** The adapters of a model: which there are, which are computed, and what stands in the model's tree. */
import { tf } from '../../backend';
import { capturesChanged } from '../../jit';
import { parameter } from '../init';
import { BESIDE } from '../state-dict';
import type { ResolvedLoraConfig } from './config';
import { LoraConv2d, LoraLinear, type LoraBranch, type LoraLayer, type PlainLayer } from './layers';
import type { Target } from './targets';

/** An adapter as it was asked for, without what only its first weights need. */
export type AdapterConfig = Omit<ResolvedLoraConfig, 'seed' | 'initLoraWeights'>;

export interface Adapter {
  readonly config: AdapterConfig;
  /** By the names of the layers. */
  readonly branches: ReadonlyMap<string, LoraBranch>;
  /** A scalar that all branches share: `setAdapters` sets it. */
  readonly weight: tf.Variable<tf.Rank.R0>;
}

interface Wrapped {
  readonly target: Target;
  readonly lora: LoraLayer;
}

/** A layer's weight as it was before it was fused. */
interface Original {
  readonly variable: tf.Variable;
  readonly value: tf.Tensor;
}

export class AdapterRegistry {
  readonly adapters = new Map<string, Adapter>();
  private active: readonly string[] = [];
  private readonly wrapped = new Map<string, Wrapped>();
  private originals: readonly Original[] = [];
  private fusedNames: readonly string[] = [];

  get activeNames(): readonly string[] {
    return this.active;
  }

  /** Those that are not in the weights at present. */
  get computedNames(): readonly string[] {
    return this.active.filter((name) => !this.fusedNames.includes(name));
  }

  /** The adapters that the weights hold at present. */
  get fused(): readonly string[] {
    return this.fusedNames;
  }

  add(name: string, targets: readonly Target[], adapter: Adapter): void {
    this.adapters.set(name, adapter);
    for (const target of targets) {
      if (this.wrapped.has(target.name)) continue;
      const { layer } = target;
      const lora =
        layer.weight.rank === 2 ? new LoraLinear(layer as never) : new LoraConv2d(layer as never);
      this.wrapped.set(target.name, { target, lora });
    }
    this.activate([name]);
  }

  /** Computes these, in this order, and no others. */
  activate(names: readonly string[]): void {
    if (names.join('\n') === this.active.join('\n')) return;
    this.active = [...names];
    this.arrange();
  }

  remove(names: readonly string[]): void {
    const removed = names.map((name) => this.adapters.get(name)!);
    for (const name of names) this.adapters.delete(name);
    this.active = this.active.filter((name) => this.adapters.has(name));
    this.arrange();
    for (const path of this.wrapped.keys()) {
      if (![...this.adapters.values()].some(({ branches }) => branches.has(path)))
        this.wrapped.delete(path);
    }
    for (const { branches, weight } of removed) {
      tf.dispose([weight, ...[...branches.values()].flatMap(({ A, B }) => [A, B])]);
    }
  }

  /** @param change of a layer's weight; the layers that have one are from now on plain */
  fuse(names: readonly string[], change: (path: string) => tf.Tensor | null): void {
    const originals: Original[] = [];
    for (const [path, { target }] of this.wrapped) {
      const variable = target.layer.weight as tf.Variable;
      tf.tidy(() => {
        const added = change(path);
        if (!added) return;
        originals.push({ variable, value: tf.keep(variable.clone()) });
        variable.assign(tf.add(variable, added));
      });
    }
    this.originals = originals;
    this.fusedNames = [...names];
    this.arrange();
  }

  unfuse(): void {
    for (const { variable, value } of this.originals) {
      variable.assign(value);
      value.dispose();
    }
    this.originals = [];
    this.fusedNames = [];
    this.arrange();
  }

  /** Puts layers with adapters where some are computed, and the plain ones elsewhere. */
  private arrange(): void {
    const computed = this.computedNames;
    for (const [path, { target, lora }] of this.wrapped) {
      lora.branches = computed.flatMap((name) => this.adapters.get(name)?.branches.get(path) ?? []);
      const layer: PlainLayer | LoraLayer = lora.branches.length > 0 ? lora : target.layer;
      (target.parent as Record<string, unknown>)[target.key] = layer;
    }
    capturesChanged();
  }

  /** Everything that the model's state dict does not hold. */
  *beside(): Generator<tf.Variable | tf.Tensor> {
    for (const { branches, weight } of this.adapters.values()) {
      yield weight;
      for (const { A, B } of branches.values()) yield* [A, B];
    }
    for (const { value } of this.originals) yield value;
  }
}

const registryKey = Symbol('adapters');

/** The adapters of a model, if it ever had any. */
export function registryOf(model: object): AdapterRegistry | undefined {
  return (model as { [registryKey]?: AdapterRegistry })[registryKey];
}

/** The adapters of a model, which from now on can have some. */
export function registryFor(model: object): AdapterRegistry {
  const known = registryOf(model);
  if (known) return known;
  const registry = new AdapterRegistry();
  // Not enumerable: neither the state dict nor a spread shows them.
  Object.defineProperty(model, registryKey, { value: registry });
  Object.defineProperty(model, BESIDE, { value: () => registry.beside() });
  return registry;
}

export function adapterWeight(value: number): tf.Variable<tf.Rank.R0> {
  return parameter(tf.scalar(value));
}
