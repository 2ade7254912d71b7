/** Normalizations: a kernel of the backend where it has one, else the same by plain ops. */
export { groupNorm, type NormActivation } from './kernels/group-norm';
export { layerNorm } from './kernels/layer-norm';
