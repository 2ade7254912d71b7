/** A page that draws with a model in the reader's browser: `npm run web`, of a pipeline in memory. */
import path from 'node:path';
import { checkGiven, requireText, type Rule } from '../options';
import { WEIGHT_FORMATS, type WeightFormat } from '../web/quantized';
import { mayBePage, writeFolder, writeSingle } from './page-files';
import { checkPageParts, withPageModel, type PageParts } from './page-model';

export interface WebPageOptions {
  /** How the weights travel; computed is in float32. Default `'int8'`: a scale for each row, a quarter of float32's size. */
  readonly weights?: WeightFormat | undefined;
}

export interface SavedWebPage {
  /** The absolute path. */
  readonly path: string;
  /** Of all files together. */
  readonly bytes: number;
}

export const WEIGHTS_RULE: Rule = [
  `one of ${WEIGHT_FORMATS.join(', ')}`,
  (value) => (WEIGHT_FORMATS as readonly unknown[]).includes(value),
];

/**
 * Writes a page that draws with the pipeline's models in the reader's browser, with no server and no kernel: one file that opens
 * from the disk, or a folder for any static host.
 *
 * @param pipeline a `TextToImagePipeline`, or parts as `loadCheckpoint` gives; adapters must be fused
 * @param output a `.html` file, or a folder that is new or an earlier page's, which is replaced; relative to the working folder
 * @throws Error if a page cannot draw with such a model, the folder holds something else, or it cannot be written; RangeError for
 *   a bad option
 */
export function saveWebPage(
  pipeline: PageParts,
  output: string,
  options: WebPageOptions = {},
): SavedWebPage {
  requireText('saveWebPage', output, "a file's name that ends with .html, or a folder's");
  checkGiven('saveWebPage', options, { weights: WEIGHTS_RULE });
  checkPageParts('saveWebPage', pipeline);
  const where = path.resolve(output);
  const isFile = /\.html?$/i.test(where);
  if (!isFile && !mayBePage(where)) {
    throw new Error(
      `saveWebPage: expected ${where} to be new or a folder of an earlier page, which is replaced; it holds something else.`,
    );
  }
  const write = isFile ? writeSingle : writeFolder;
  const bytes = withPageModel(pipeline, options.weights ?? 'int8', (model) => write(where, model));
  return { path: where, bytes };
}
