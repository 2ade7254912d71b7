/** tfjs's WebGPU backend: a script of its own, which a worker loads. */
import '@tensorflow/tfjs-backend-webgpu';
import * as tf from '@tensorflow/tfjs-core';
import { engineScope } from './engine';

engineScope.openEngine = async () => {
  if (!(await tf.setBackend('webgpu'))) throw new Error('WebGPU cannot be opened.');
  const { device } = tf.backend() as unknown as { device: { lost: Promise<unknown> } };
  let lost = false;
  void device.lost.then(() => (lost = true));
  return { isLost: () => lost };
};
