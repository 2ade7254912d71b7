import { tf } from '../../../lib/backend';
import { executeOp, typeAttribute, type OpAttribute } from '../../../lib/backend/node';
import { int, type Case } from './case';

export function random(): Record<string, Case> {
  const draw = (op: string, ...attributes: OpAttribute[]): Case => ({
    inputs: [int([3, 4])],
    run: (seed) => executeOp(op, [...attributes], [int([50, 2]), seed]),
    gradient: false,
  });
  const dtype = (): OpAttribute => typeAttribute('dtype', 'float32');
  const index = (): OpAttribute => typeAttribute('T', 'int32');
  const seedType = (): OpAttribute => typeAttribute('Tseed', 'int32');
  return {
    StatelessRandomNormal: draw('StatelessRandomNormal', dtype(), index(), seedType()),
    StatelessRandomUniform: draw('StatelessRandomUniform', dtype(), index(), seedType()),
    StatelessTruncatedNormal: draw('StatelessTruncatedNormal', dtype(), index(), seedType()),
    StatelessRandomUniformFullInt: draw(
      'StatelessRandomUniformFullInt',
      typeAttribute('dtype', 'int32'),
      index(),
      seedType(),
    ),
    StatelessRandomUniformInt: {
      inputs: [int([3, 4])],
      run: (seed) =>
        executeOp(
          'StatelessRandomUniformInt',
          [typeAttribute('dtype', 'int32'), index(), seedType()],
          [int([50]), seed, tf.scalar(0, 'int32'), tf.scalar(1000, 'int32')],
        ),
      gradient: false,
    },
  };
}
