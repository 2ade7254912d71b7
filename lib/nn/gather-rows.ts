export { gatherRows } from './kernels/gather-rows';
