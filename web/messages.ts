/** What the page and its workers tell each other. */
import type { GpuName } from './engines/engine';
import type { ModelFileMap } from '../lib/web/model-files';
import type { SamplerName } from '../lib/schedulers/samplers';

/** What a model says of itself; the page offers what fits it. */
export interface ModelFacts {
  readonly height: number;
  readonly width: number;
  /** 1 (grey), 3 (RGB) or 4 (RGBA). */
  readonly channels: number;
  /** What it was trained with; none where nobody knows. */
  readonly captions: readonly string[];
  readonly samplers: readonly SamplerName[];
  /** Its most steps. */
  readonly trainTimesteps: number;
  /** What one step of one picture without guidance takes here, measured. */
  readonly millisecondsPerStep: number;
  /** What was drawn meanwhile, of 0 to 1: the same by every engine. */
  readonly trial: Float32Array;
}

/** What a worker computes with: WebAssembly's binary, or an engine's script, from an address or there already. */
export type WorkerEngine =
  | { readonly name: 'wasm'; readonly binary: Uint8Array<ArrayBuffer> }
  | { readonly name: GpuName; readonly script: string | undefined };

/** One picture that is asked for. */
export interface Wish {
  readonly prompt: string;
  readonly seed: number;
  readonly steps: number;
  readonly sampler: SamplerName;
  readonly guidance: number;
  /** A scribble to begin with: numbers from 0 to 1, [height · width · channels]. */
  readonly scribble?: { readonly pixels: Float32Array; readonly strength: number } | undefined;
}

export type ToWorker =
  | {
      readonly kind: 'load';
      readonly engine: WorkerEngine;
      readonly model: ModelFileMap;
    }
  | { readonly kind: 'draw'; readonly id: number; readonly wish: Wish }
  | { readonly kind: 'stop'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'ready'; readonly facts: ModelFacts }
  | {
      readonly kind: 'step';
      readonly id: number;
      readonly step: number;
      readonly steps: number;
      /** From 0 to 1: the noisy picture, and the one that the model expects at the end. */
      readonly sample: Float32Array;
      readonly expected: Float32Array;
    }
  | { readonly kind: 'done'; readonly id: number; readonly pixels: Float32Array }
  | { readonly kind: 'stopped'; readonly id: number }
  | { readonly kind: 'note'; readonly id: number; readonly text: string }
  | { readonly kind: 'failed'; readonly id?: number | undefined; readonly text: string };
