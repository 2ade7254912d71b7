/**
 * tfjs's WebAssembly backend, in a page or under Node: `openWasm` before anything computes. It needs SIMD, which every browser
 * since 2021 (Safari: 2023) has, and takes one thread: several digits at once are drawn by several workers.
 */

import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { tf } from '..';
import { registerAttention } from './attention';
import { registerConvolution } from './convolution';
import { openFused } from './fused';
import { registerGeglu } from './geglu';
import { registerLinear } from './linear';
import { registerNormalization } from './normalization';

const BINARIES = [
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm',
];

export interface OpenWasmOptions {
  /**
   * `tfjs-backend-wasm-simd.wasm`: where it is fetched from, or its bytes. Default: under Node the one of the package; in a
   * page the one beside the script.
   */
  readonly binary?: string | Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Makes WebAssembly what computes from now on. Again is no error; the binary of the first call stays.
 *
 * @throws Error if WebAssembly with SIMD is not there, or the binary cannot be had
 */
export async function openWasm({ binary }: OpenWasmOptions = {}): Promise<void> {
  if (tf.getBackend() === 'wasm') return;
  if (!(await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT'))) {
    throw new Error(
      'Expected WebAssembly with SIMD, which this browser does not have, or which is switched off. Take a newer browser: ' +
        'Chrome 91, Firefox 89, Safari 16.4 or later.',
    );
  }
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  const url = binary instanceof Uint8Array ? urlOf(binary) : binary;
  if (url !== undefined) setWasmPaths(Object.fromEntries(BINARIES.map((name) => [name, url])));
  const opened = await tf.setBackend('wasm').catch(() => false);
  if (url !== undefined && binary instanceof Uint8Array) URL.revokeObjectURL(url);
  if (!opened) {
    throw new Error(
      `The engine (tfjs-backend-wasm-simd.wasm${typeof binary === 'string' ? `, ${binary}` : ''}) could not be started: ` +
        'it is missing or damaged, or the page may not compile it. Load the page again.',
    );
  }
  const fused = await openFused();
  registerLinear();
  registerConvolution(fused);
  registerAttention(fused);
  registerNormalization(fused);
  registerGeglu(fused);
}

const urlOf = (bytes: Uint8Array<ArrayBuffer>): string =>
  URL.createObjectURL(new Blob([bytes], { type: 'application/wasm' }));
