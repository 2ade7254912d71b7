import { expect } from 'vitest';
import type { tf } from '../../lib/backend';
import { nodeBackend, type OpAttribute } from '../../lib/backend/node';
import { OPS } from '../../lib/backend/node/graph/ops';

/**
 * Runs `run` eagerly, and for each op that TensorFlow runs compares the shapes and dtypes it gives with
 * those of the table.
 *
 * @returns the names of the ops
 */
export function checkingOps(run: () => void): Set<string> {
  const backend = nodeBackend();
  const executeSingleOutput = backend.executeSingleOutput.bind(backend);
  const executeMultipleOutputs = backend.executeMultipleOutputs.bind(backend);
  const seen = new Set<string>();
  const check = (
    op: string,
    attributes: OpAttribute[],
    inputs: tf.Tensor[],
    outputs: tf.Tensor[],
  ) => {
    const shapesOf = OPS[op];
    // Not an op of tensors: jit runs it while tracing.
    if (!shapesOf) return;
    const entry = ({ dataId }: tf.Tensor) => backend.tensorMap.get(dataId);
    const predicted = shapesOf({
      op,
      inputs: inputs.map((input) => ({ shape: input.shape, dtype: entry(input).dtype })),
      attribute: (name) => attributes.find((attribute) => attribute.name === name)?.value,
      constant: (i) => [...(inputs[i] as tf.Tensor).dataSync()],
    });
    seen.add(op);
    expect(predicted, op).toEqual(
      outputs.map((output) => ({ shape: output.shape, dtype: entry(output).dtype })),
    );
  };
  backend.executeSingleOutput = (op, attributes, inputs) => {
    const output = executeSingleOutput(op, attributes, inputs);
    check(op, attributes, inputs, [output]);
    return output;
  };
  backend.executeMultipleOutputs = (op, attributes, inputs, count) => {
    const outputs = executeMultipleOutputs(op, attributes, inputs, count);
    check(op, attributes, inputs, outputs);
    return outputs;
  };
  try {
    run();
  } finally {
    Reflect.deleteProperty(backend, 'executeSingleOutput');
    Reflect.deleteProperty(backend, 'executeMultipleOutputs');
  }
  return seen;
}
