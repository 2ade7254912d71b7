/**
 * tfjs-node and the native binding behind it. The only file that imports them, so that TensorFlow's library is loaded
 * in one place, with its environment set and quietly.
 */

import { endHush } from './tensorflow-env';
import * as tfNode from '@tensorflow/tfjs-node-gpu';
import { engine, tf } from '..';

endHush();

/** tfjs with what tfjs-node adds to it (`tf.node`, `tf.data` …); its tensors and engine are those of `tf`. */
export { tfNode };

/** The name of tfjs-node's backend in tfjs's registries. */
export const BACKEND = 'tensorflow';

/** A tensor as the binding reports it: its handle, shape and TensorFlow dtype (an enum value). */
export interface NativeTensor {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** What the native binding offers; names as in tfjs-node's `binding`. */
interface Binding {
  readonly TF_Version: string;
  readonly isUsingGpuDevice?: boolean;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
  executeOp(name: string, attrs: OpAttribute[], ids: number[], outputs: number): NativeTensor[];
  loadSavedModel(directory: string, tags: string): number;
  runSavedModel(model: number, ids: number[], inputs: string, outputs: string): NativeTensor[];
  deleteSavedModel(model: number): void;
  deleteTensor(id: number): void;
  getNumOfTensors(): number;
  getNumOfSavedModels(): number;
}

/** An attribute of a TensorFlow op, as the binding takes it. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** What tfjs-node keeps of a tensor: its native handle, or values not yet handed to TensorFlow. */
export interface TensorEntry {
  readonly shape: number[];
  readonly dtype: number;
  id: number;
  values: tf.backend_util.TypedArray | Uint8Array[] | null;
  refCount: number;
  /** Ours: called before the value is read. It fetches the value, or throws if there is none. */
  beforeRead?: () => void;
}

/** The backend of tfjs-node, as far as the library uses it. */
export interface NodeBackend {
  readonly binding: Binding;
  readonly isUsingGpuDevice: boolean;
  readonly tensorMap: {
    get(dataId: tf.DataId): TensorEntry;
    set(dataId: tf.DataId, entry: TensorEntry): void;
    has(dataId: tf.DataId): boolean;
  };
  executeSingleOutput(name: string, attrs: OpAttribute[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attrs: OpAttribute[],
    inputs: tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
  createOutputTensor(tensor: NativeTensor): tf.Tensor;
  getInputTensorIds(tensors: tf.Tensor[]): number[];
  readSync(dataId: tf.DataId): tf.backend_util.TypedArray | Uint8Array[];
  incRef(dataId: tf.DataId): void;
}

let backendWithHooks: NodeBackend | undefined;

/** tfjs-node's backend, which calls a tensor's `beforeRead` before it uses its value. */
export function nodeBackend(): NodeBackend {
  if (backendWithHooks) return backendWithHooks;
  const backend = tf.findBackend(BACKEND) as unknown as NodeBackend;
  const { getInputTensorIds, readSync } = backend;
  backend.getInputTensorIds = (tensors) => {
    for (const { dataId, isDisposed, shape } of tensors) {
      if (isDisposed) {
        // tfjs would fail where it looks for the data: "Cannot read properties of undefined".
        throw new Error(
          `A tensor of shape [${shape.join(', ')}] is used after it was disposed. Run the cell that made it again.`,
        );
      }
      // Only int64 scalars have no dataId.
      if (dataId) backend.tensorMap.get(dataId)?.beforeRead?.();
    }
    return getInputTensorIds.call(backend, tensors);
  };
  backend.readSync = (dataId) => {
    backend.tensorMap.get(dataId)?.beforeRead?.();
    return readSync.call(backend, dataId);
  };
  backendWithHooks = backend;
  return backend;
}

/** A second tensor over the same value; the caller disposes it. */
export function sameValue({ dataId, shape, dtype }: tf.TensorInfo): tf.Tensor {
  nodeBackend().incRef(dataId);
  return engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
}

/** A second tensor over the same value, outside every tidy scope; the caller disposes it. */
export function retain(tensor: tf.TensorInfo): tf.Tensor {
  return tf.keep(sameValue(tensor));
}

/**
 * Replaces a kernel of the backend (what tfjs runs for an op).
 *
 * @param wrap takes the present kernel function and returns the new one
 */
export function wrapKernel(name: string, wrap: (kernel: tf.KernelFunc) => tf.KernelFunc): void {
  const config = tf.getKernel(name, BACKEND);
  tf.unregisterKernel(name, BACKEND);
  tf.registerKernel({ ...config, kernelFunc: wrap(config.kernelFunc) });
}

/** TensorFlow's enum value of a tfjs dtype. */
function typeEnum(dtype: tf.DataType): number {
  const { binding } = nodeBackend();
  if (dtype === 'float32') return binding.TF_FLOAT;
  if (dtype === 'int32') return binding.TF_INT32;
  if (dtype === 'bool') return binding.TF_BOOL;
  throw new Error(`Expected dtype float32, int32 or bool, got ${dtype}.`);
}

/** A `type` attribute, for example `typeAttribute('T', 'float32')`. */
export function typeAttribute(name: string, dtype: tf.DataType): OpAttribute {
  return { name, type: nodeBackend().binding.TF_ATTR_TYPE, value: typeEnum(dtype) };
}

/**
 * Runs one TensorFlow op that tfjs has no function for. It has no gradient.
 *
 * @param name the op's name in TensorFlow, for example `StatelessRandomNormal`
 * @returns the op's only output; the caller disposes it
 */
export function executeOp(name: string, attributes: OpAttribute[], inputs: tf.Tensor[]): tf.Tensor {
  return nodeBackend().executeSingleOutput(name, attributes, inputs);
}
