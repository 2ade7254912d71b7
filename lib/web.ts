/**
 * The library for a page, or for Node without tfjs-node: models are loaded from an address and drawn with. `openWasm` first, or
 * another backend of tfjs.
 */

export { tf } from './backend';
export { openWasm, type OpenWasmOptions } from './backend/wasm';
export { loadPipeline } from './web/load-pipeline';
export {
  checkModelFiles,
  fetchModel,
  type FetchModelOptions,
  type ModelFileMap,
} from './web/model-files';
export { learntCaptions } from './conditioning/learnt-captions';
export { TextToImagePipeline } from './pipelines/text-to-image';
export { type TextToImageOutput, type TextToImageParts } from './pipelines/text-to-image-parts';
export { ImageToImagePipeline, type ImageToImageOptions } from './pipelines/image-to-image';
export { InpaintPipeline, type InpaintOptions } from './pipelines/inpaint';
export { type PictureOutput } from './pipelines/picture-pipeline';
export { type GenerateOptions, type StepEnd } from './pipelines/generate-options';
export { makeSampler, SAMPLER_NAMES, type SamplerName } from './schedulers/samplers';
export { Image, Images } from './images/images';
export { type Scheduler } from './schedulers/scheduler';
export { Generator } from './random';
