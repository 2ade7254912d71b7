/** Group and layer normalization, each as one kernel: as tfjs's ops they are twenty and eight, with a pass of its own each. */
import { tf } from '..';
import type { FusedKernels } from './fused';
import { addressOf, WASM, wasmBackend } from './wasm-backend';

interface Inputs {
  readonly x: tf.TensorInfo;
  readonly weight: tf.TensorInfo;
  readonly bias: tf.TensorInfo;
}

interface GroupNormAttributes {
  readonly groups: number;
  readonly epsilon: number;
  readonly silu: boolean;
}

/** Registers the kernels `SdmGroupNorm` and `SdmLayerNorm` (lib/nn/kernels), forward only: nothing is trained on this backend. */
export function registerNormalization(fused: FusedKernels): void {
  const backend = wasmBackend();

  /** The output, and where all that is read and written lies. */
  function opened({ x, weight, bias }: Inputs) {
    const y = backend.makeOutput(x.shape, 'float32');
    return { y, arrays: [addressOf(x), addressOf(weight), addressOf(bias), addressOf(y)] as const };
  }

  /** Where a gradient would ask for means and deviations. */
  const none = () => backend.makeOutput([0], 'float32');

  tf.registerKernel({
    kernelName: 'SdmGroupNorm',
    backendName: WASM,
    kernelFunc: ({ inputs, attrs }) => {
      const { groups, epsilon, silu } = attrs as unknown as GroupNormAttributes;
      const { y, arrays } = opened(inputs as unknown as Inputs);
      const [batch = 0, height = 0, width = 0, channels = 0] = y.shape;
      const shape = [batch, height * width, channels, groups] as const;
      fused.groupNorm(...shape, Number(silu), epsilon, ...arrays);
      return [y, none(), none()];
    },
  });
  tf.registerKernel({
    kernelName: 'SdmLayerNorm',
    backendName: WASM,
    kernelFunc: ({ inputs, attrs }) => {
      const { y, arrays } = opened(inputs as unknown as Inputs);
      const channels = y.shape.at(-1) ?? 1;
      const rows = tf.util.sizeFromShape(y.shape) / channels;
      fused.layerNorm(rows, channels, attrs!['epsilon'] as number, ...arrays);
      return [y, none(), none()];
    },
  });
}
