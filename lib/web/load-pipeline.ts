import { setPretrainedFiles } from '../models/pretrained';
import { TextToImagePipeline } from '../pipelines/text-to-image';
import {
  checkModelFiles,
  fetchModel,
  type FetchModelOptions,
  type ModelFileMap,
} from './model-files';
import { filesInMemory } from './pretrained-files';

/**
 * Loads a model from where a page finds it, on whatever backend is open; `dispose` frees it. Weights may be float32, float16,
 * bfloat16, or int8 as `npm run web` writes them.
 *
 * @param source the address of a model's folder in diffusers' layout, of any static host; or its files, in memory
 * @throws Error naming the file that cannot be had, is damaged, is not the manifest's, or does not fit
 */
export async function loadPipeline(
  source: string | URL | ModelFileMap,
  options: FetchModelOptions = {},
): Promise<TextToImagePipeline> {
  const isAddress = typeof source === 'string' || source instanceof URL;
  const files = isAddress ? await fetchModel(source, options) : source;
  checkModelFiles(files);
  const before = setPretrainedFiles(filesInMemory(files));
  try {
    return TextToImagePipeline.fromPretrained('');
  } finally {
    setPretrainedFiles(before);
  }
}
