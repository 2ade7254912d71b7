/** `jit`: functions of tensors as graphs, where the backend can make them. Knows nothing of what they compute. */

export { jit, type JitControl, type JitOptions } from './jit';
export { capturesChanged } from './captures';
export { JitError } from './errors';
export { JitSession, type JitSessionOptions } from './session';
export { inHalves } from './halves';
export { runFunctionsEagerly } from './compiler';
export { isTracing } from '../backend';
export { inPrecision, tracingPrecision, type Precision } from './trace';
export { chooseMixedPrecision, MIXED_PRECISION_RULE, type MixedPrecision } from './mixed-precision';
export { chooseXla } from './xla';
export type { TensorTree } from './tree';
export { perfettoTrace, sumTimings, type LayerName, type OpTiming } from './timings';
