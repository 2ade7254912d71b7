/** tfjs's WebGL backend: a script of its own, which a worker loads. */
import type { MathBackendWebGL } from '@tensorflow/tfjs-backend-webgl';
import '@tensorflow/tfjs-backend-webgl';
import * as tf from '@tensorflow/tfjs-core';
import { engineScope } from './engine';

engineScope.openEngine = async () => {
  if (!(await tf.setBackend('webgl'))) throw new Error('WebGL cannot be opened.');
  // A context that is lost gives zeros for numbers, and no error.
  const { gl } = (tf.backend() as MathBackendWebGL).gpgpu;
  return { isLost: () => gl.isContextLost() };
};
