/** What computes, and how much memory it takes. */

import { tf } from '..';
import { nodeBackend } from './binding';

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
    tfjs: tf.version_core,
    node: process.versions.node,
  };
}

/** Resident bytes of the process, and the backend's living tensors; weights inside of graphs are bytes only. */
export function memoryUse(): { readonly bytes: number; readonly tensors: number } {
  return { bytes: process.memoryUsage().rss, tensors: tf.memory().numTensors };
}
