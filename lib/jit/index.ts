/** `jit` for tfjs-node: functions of tensors as TensorFlow graphs. Knows nothing of what they compute. */

export { jit, type JitControl, type JitOptions } from './jit';
export { JitError } from './errors';
export { JitSession } from './session';
export type { JitSessionOptions } from './session-config';
export { inHalves } from './halves';
export { isTracing } from '../backend';
export type { Precision } from './precision';
export type { TensorTree } from './tree';
export { tracingPrecision, updateInPlace } from './tracer';
export { perfettoTrace, sumTimings, type LayerName, type OpTiming } from './profile';
export { declareOps, type OpCall, type ShapeFunction } from './ops';
export type { TensorSpec } from './dtypes';
