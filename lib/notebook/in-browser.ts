/** The page that draws with a model, in a cell's output. */
import { learntCaptions } from '../conditioning/learnt-captions';
import { openDisplay } from '../figure/display-handle';
import { escapeHtml, NO_MATH } from '../figure/escape';
import { checkGiven, COUNT_RULE } from '../options';
import { singlePage } from '../page/page-files';
import { checkPageParts, withPageModel, type PageParts } from '../page/page-model';
import { WEIGHTS_RULE, type WebPageOptions } from '../page/save-web-page';
import { TextToImagePipeline } from '../pipelines/text-to-image';
import { makeSampler } from '../schedulers/samplers';
import type { Scheduler } from '../schedulers/scheduler';

export interface InBrowserOptions extends WebPageOptions {
  /** Of the page, in CSS pixels. Default 720. */
  readonly height?: number | undefined;
  /** Of the picture beside it. Default 20. */
  readonly numInferenceSteps?: number | undefined;
}

/** What the output's metadata says of a page, in bytes. `npm run notebooks -- --in-place` stores no such output. */
export const PAGE_METADATA = 'sdm_page';

/**
 * Nothing but its own code, in an origin of its own: it can reach neither the notebook nor its server. Without `allow-forms` Draw
 * would do nothing; the page's policy lets it send none.
 */
const SANDBOX = 'allow-scripts allow-forms allow-downloads';

const PICTURES = 10;

/** What the model draws with the page's own settings, as PNG. */
async function drawn(pipeline: PageParts, numInferenceSteps: number) {
  const { unet, textEncoder, tokenizer } = pipeline;
  const scheduler = makeSampler('sde-dpm-solver++', (pipeline.scheduler as Scheduler).config);
  const drawing = new TextToImagePipeline({ unet, textEncoder, tokenizer, scheduler });
  try {
    const captions = learntCaptions(unet)?.slice(0, PICTURES) ?? [''];
    const { images } = await drawing.generate(captions, { seed: 7, numInferenceSteps });
    const scale = Math.max(1, Math.floor(76 / images.shape[2]!));
    const words = `What the model draws, ${images.length === 1 ? 'once' : `for ${images.length} captions`}`;
    return {
      png: Buffer.from(images.toPng({ scale, columns: PICTURES })).toString('base64'),
      words,
    };
  } finally {
    drawing.dispose();
  }
}

/**
 * Shows a page that draws with the pipeline's models in the reader's browser, as `npm run web` makes it; above it a picture of what
 * they draw, and a sentence that says how large the page is. The page is an output of the cell, some 9 MB for the model that ships:
 * it goes with the notebook when that is saved, and into HTML exports; readers who do not trust the notebook see picture and
 * sentence. Outside a notebook nothing is shown.
 *
 * @param pipeline a `TextToImagePipeline`, or parts as `loadCheckpoint` gives; adapters must be fused
 * @throws Error if a page cannot draw with such a model; RangeError for a bad option; Interrupted if Stop ended the picture
 */
export async function inBrowser(
  pipeline: PageParts,
  options: InBrowserOptions = {},
): Promise<void> {
  checkGiven('inBrowser', options, {
    weights: WEIGHTS_RULE,
    height: COUNT_RULE,
    numInferenceSteps: COUNT_RULE,
  });
  checkPageParts('inBrowser', pipeline);
  const { weights = 'int8', height = 720, numInferenceSteps = 20 } = options;
  const [picture, words, frame] = [openDisplay(), openDisplay(), openDisplay()];
  const { png, words: alt } = await drawn(pipeline, numInferenceSteps);
  picture?.update({ 'image/png': png, 'text/plain': alt }, { 'image/png': { alt } });
  const html = withPageModel(pipeline, weights, singlePage);
  const bytes = Buffer.byteLength(html);
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  const sentence =
    `The page that draws these in a browser, without a kernel, is ${size} with ${weights} weights. It follows here where this ` +
    "cell was run and the notebook is trusted; sd.saveWebPage(pipeline, 'page.html') writes it as a file.";
  words?.update({
    'text/html': `<small class="${NO_MATH}">${escapeHtml(sentence)}</small>`,
    'text/plain': sentence,
  });
  frame?.update(
    {
      'text/html':
        `<iframe title="A page that draws with the model, in this browser" sandbox="${SANDBOX}" ` +
        `style="width:100%;height:${height}px;border:1px solid #8888" srcdoc="${escapeHtml(html)}"></iframe>`,
      'text/plain': `(a page of ${size})`,
    },
    { [PAGE_METADATA]: bytes },
  );
}
