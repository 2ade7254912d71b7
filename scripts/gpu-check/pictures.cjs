'use strict';
// Four digits of the model that ships, drawn with one seed. `node pictures.cjs FILE` writes them, for another device to compare.

const fs = require('node:fs');
const { dist } = require('../bench/process.cjs');

/** @returns all numbers of the pictures, from 0 to 1 */
async function draw() {
  const sd = require(dist('index.js'));
  const pipeline = await sd.TextToImagePipeline.fromPretrained(sd.SHIPPED_MODEL);
  const prompts = [0, 3, 5, 8].map((digit) => sd.DIGIT_CAPTIONS[digit]);
  const options = { numInferenceSteps: 20, guidanceScale: 1.5, seed: 1, progressBar: false };
  const { images } = await pipeline.generate(prompts, options);
  return [...images.data];
}

module.exports = { draw };

if (require.main === module) {
  void draw().then((numbers) => fs.writeFileSync(process.argv[2], JSON.stringify(numbers)));
}
