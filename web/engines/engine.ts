/** What computes: WebAssembly, which every browser has, or a graphics processor by a script of its own that is loaded when it is tried. */

export const GPU_NAMES = ['webgl', 'webgpu'] as const;
export type GpuName = (typeof GPU_NAMES)[number];
export type EngineName = 'wasm' | GpuName;

export const ENGINE_TITLES: Readonly<Record<EngineName, string>> = {
  wasm: 'WebAssembly',
  webgl: 'WebGL',
  webgpu: 'WebGPU',
};

export interface OpenEngine {
  /** Whether the browser has taken the device away: what is computed since is nothing. */
  readonly isLost: () => boolean;
}

/** What an engine's script leaves for the worker that loads it; it takes tfjs's core from that worker. */
export interface EngineScope {
  tfjsCore?: unknown;
  openEngine?: (() => Promise<OpenEngine>) | undefined;
}

export const engineScope = globalThis as EngineScope;
