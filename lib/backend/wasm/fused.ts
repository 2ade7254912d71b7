/**
 * The computations of native/fused, which the library runs within TensorFlow, compiled to WebAssembly (native/wasm). They work in the
 * memory of tfjs's engine: arguments are numbers, and addresses of values there.
 */
import { FUSED_BINARY } from './fused-binary';
import { wasmBackend } from './wasm-backend';

/** Arrays are float32 and dense, the last axis closest; `address` of wasm-backend.ts tells where one lies. */
export interface FusedKernels {
  /** x, y [batch, pixels, channels]; `silu` 1: x · σ(x) after it. */
  groupNorm(
    ...args: [
      ...shape: [batch: number, pixels: number, channels: number, groups: number],
      ...options: [silu: number, epsilon: number],
      ...arrays: [x: number, gamma: number, beta: number, y: number],
    ]
  ): void;
  /** x, y [rows, channels]. */
  layerNorm(
    ...args: [
      ...options: [rows: number, channels: number, epsilon: number],
      ...arrays: [x: number, gamma: number, beta: number, y: number],
    ]
  ): void;
  /** x [rows, 2 · channels] → y [rows, channels]. */
  geglu(rows: number, channels: number, x: number, y: number): void;
  /** Rows of q, and of k and v, lie `…Stride` numbers apart; mask [queries, keys], or 0; o [batch, queries, heads · size]. */
  attention(
    ...args: [
      ...shape: [batch: number, queries: number, keys: number, heads: number, size: number],
      ...strides: [queryStride: number, keyStride: number],
      ...arrays: [q: number, k: number, v: number, mask: number, o: number],
    ]
  ): void;
  /** w [3, 3, inputs, outputs] → filter [16, inputs, outputs], as conv3x3 takes it. */
  conv3x3Filter(inputs: number, outputs: number, w: number, filter: number): void;
  /** x [batch, height, width, inputs] → y [batch, height, width, outputs]. */
  conv3x3(
    ...args: [
      ...shape: [batch: number, height: number, width: number, inputs: number, outputs: number],
      ...arrays: [x: number, filter: number, bias: number, y: number],
    ]
  ): void;
}

/** What runs WebAssembly, in a page and under Node: the library is compiled without a page's types. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>;
};

/** More than the deepest of these computations takes, in bytes. */
const STACK = 65_536;

/** Compiled code takes for granted that its stack lies at a multiple of this. */
const STACK_ALIGNMENT = 16;

/**
 * Makes the computations ready, in the memory of the backend that is open.
 *
 * @throws Error if the engine keeps its memory to itself, as another version of tfjs may
 */
export async function openFused(): Promise<FusedKernels> {
  const { asm } = wasmBackend().wasm;
  if (!asm) {
    throw new Error(
      "Expected tfjs-backend-wasm of the version that this package names: this one's memory cannot be had. Install the packages anew.",
    );
  }
  const { memory, malloc, free } = asm;
  const bytes = Uint8Array.from(atob(FUSED_BINARY), (character) => character.charCodeAt(0));
  const { instance } = await WebAssembly.instantiate(bytes, {
    env: { memory },
    engine: { malloc, free },
  });
  const { __stack_pointer: stackPointer, ...kernels } = instance.exports;
  const end = malloc(STACK) + STACK;
  (stackPointer as { value: number }).value = end - (end % STACK_ALIGNMENT);
  return kernels as unknown as FusedKernels;
}
