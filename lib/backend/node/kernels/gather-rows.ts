import { tf } from '../..';
import { typeAttribute } from '../binding';
import type { NodeKernel } from './node-kernel';

/** `GatherRows`: not tfjs-node's own kernel, which reads the ids on the host. */
export const gatherRows: NodeKernel = ({ inputs, backend }) => {
  const { table, ids } = inputs as { table: tf.Tensor; ids: tf.Tensor };
  const attributes = [
    typeAttribute('Tparams', table.dtype),
    typeAttribute('Tindices', 'int32'),
    typeAttribute('Taxis', 'int32'),
  ];
  const axis = tf.scalar(0, 'int32');
  const rows = backend.executeSingleOutput('GatherV2', attributes, [table, ids, axis]);
  axis.dispose();
  return [rows];
};
