import type { tf } from '../..';
import type { TensorEntry } from '../binding';
import type { TensorSpec } from './dtypes';
import type { Source } from './variables';

/** One variable (or large constant) of a session. */
export interface Slot {
  readonly name: string;
  readonly source: Source;
  readonly spec: TensorSpec;
  /** Whether some graph of the session assigns it. */
  assigned: boolean;
  /** The value that the session holds. */
  held: tf.DataId | undefined;
  /** tfjs's entry of that value, while the value is in the session only. */
  away: TensorEntry | undefined;
}
