'use strict';
// What the scripts of these tests train: tiny models of given configs, on the quick part of MNIST.
const sd = require('../../dist/index.js');

/** @returns `unet` and `textEncoder` of the same first weights each time, and the `objective` of both */
function tinyObjective(configs) {
  const init = new sd.Generator(0).stream('init');
  const unet = new sd.UNet2DConditionModel(configs.unet, init);
  const textEncoder = new sd.CLIPTextModel(configs.text, init);
  const objective = new sd.TextToImageObjective(
    {
      unet,
      textEncoder,
      tokenizer: sd.CLIPTokenizer.fromPretrained(sd.SMALL_TOKENIZER),
      noiseScheduler: new sd.DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' }),
      dataset: sd.loadMnist({ split: 'train', source: 'quick' }),
    },
    { captionDropout: 0.3 },
  );
  return { unet, textEncoder, objective };
}

module.exports = { tinyObjective };
