/** What the library's kernels use of tfjs's WebAssembly backend. */
import { tf } from '..';

/** The backend's name in tfjs's registries. */
export const WASM = 'wasm';

/** Frees a value when nobody uses it any more. @returns whether it is gone */
type DisposeData = (dataId: tf.DataId, force?: boolean) => boolean;

/** What tfjs's engine exports. */
interface EngineExports {
  readonly memory: object;
  readonly malloc: (bytes: number) => number;
  readonly free: (address: number) => void;
}

interface WasmBackend {
  readonly wasm: { readonly asm?: EngineExports };
  disposeData: DisposeData;
  readSync(dataId: tf.DataId): tf.backend_util.BackendValues;
  makeOutput(shape: number[], dtype: tf.DataType): tf.TensorInfo;
  getMemoryOffset(dataId: tf.DataId): number;
}

/** The backend that is open. */
export const wasmBackend = (): WasmBackend => tf.findBackend(WASM) as unknown as WasmBackend;

/** Where a value lies in the engine's memory, in bytes. */
export const addressOf = ({ dataId }: tf.TensorInfo): number =>
  wasmBackend().getMemoryOffset(dataId);

/** A kernel of the backend's own, which a kernel of ours runs. */
export type Kernel = (inputs: tf.NamedTensorInfoMap, attrs?: object) => tf.TensorInfo;

/** @throws Error if the backend has none of that name */
export function kernelOf(name: string): Kernel {
  const config = tf.getKernel(name, WASM);
  if (!config) throw new Error(`tfjs-backend-wasm has no kernel ${name}.`);
  const backend = tf.findBackend(WASM);
  return (inputs, attrs = {}) =>
    config.kernelFunc({ inputs, backend, attrs: attrs as tf.NamedAttrMap }) as tf.TensorInfo;
}

/** What is made of values once and kept as long as these are there. */
export class Derived {
  private readonly made = new WeakMap<tf.DataId, tf.TensorInfo>();

  constructor(private readonly make: (of: tf.TensorInfo) => tf.TensorInfo) {
    const backend = wasmBackend();
    const dispose = backend.disposeData.bind(backend);
    backend.disposeData = (dataId, force) => {
      const isGone = dispose(dataId, force);
      const derived = isGone ? this.made.get(dataId) : undefined;
      if (derived) {
        this.made.delete(dataId);
        dispose(derived.dataId, true);
      }
      return isGone;
    };
  }

  of(info: tf.TensorInfo): tf.TensorInfo {
    let derived = this.made.get(info.dataId);
    if (!derived) this.made.set(info.dataId, (derived = this.make(info)));
    return derived;
  }
}
