/**
 * Opens TensorFlow once and quietly. The only file of the library that imports tfjs: everything else
 * takes `tf` from here, so that the native library is loaded in one place with its environment set.
 */

import './tensorflow-env';
import * as tf from '@tensorflow/tfjs-node-gpu';

export { tf };

/** What the native binding says of itself; names as in tfjs-node's `binding`. */
interface Binding {
  readonly TF_Version: string;
  readonly isUsingGpuDevice?: boolean;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_BOOL: number;
}

/** An attribute of a TensorFlow op, as the binding takes it. */
export interface OpAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

interface NodeBackend {
  readonly binding: Binding;
  readonly isUsingGpuDevice: boolean;
  executeSingleOutput(name: string, attrs: OpAttribute[], inputs: tf.Tensor[]): tf.Tensor;
}

function nodeBackend(): NodeBackend {
  return tf.backend() as unknown as NodeBackend;
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

/** The device that runs the ops, and what it is run by. */
export interface DeviceSummary {
  /** `gpu` only if the native binding found one; the npm package's name says nothing. */
  readonly device: 'cpu' | 'gpu';
  readonly tensorflow: string;
  readonly tfjs: string;
  readonly node: string;
}

/** Asks the native binding which device it uses. */
export function deviceSummary(): DeviceSummary {
  const { binding, isUsingGpuDevice } = nodeBackend();
  return {
    device: isUsingGpuDevice ? 'gpu' : 'cpu',
    tensorflow: binding.TF_Version,
    tfjs: tf.version['tfjs-core'],
    node: process.versions.node,
  };
}
