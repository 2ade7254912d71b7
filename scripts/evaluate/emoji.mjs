// npm run evaluate -- --data emoji: draws a picture of each caption that a model of emoji was trained with, and several of each
// that was held out, and measures them.
import fs from 'node:fs';
import path from 'node:path';
import { library, misuse, typed } from '../command-line/command.mjs';
import { Progress } from '../command-line/progress.mjs';
import { furtherOptions } from '../commands/evaluate.mjs';
import { commands } from '../commands/index.mjs';
import { inRoot } from '../setup/paths.mjs';
import { askedSampler } from './sampler.mjs';

/** Drawings of each pair that was held out, of which there are few. */
const TIMES = 4;

/** Pictures in the sheets that show copies. */
const SHOWN = 20;

const say = (text) => process.stderr.write(`${text}\n`);

/** A model of something else is no fault of the program. */
function loadedModel(values, loadRunModel) {
  const { checkpoint, best, 'last-weights': last } = values;
  let found;
  try {
    found = loadRunModel(checkpoint, { averaged: !last, best, anyChannels: true });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return misuse(commands.evaluate, [`--checkpoint: ${error.message}`]);
  }
  const { in_channels: channels, sample_size: size } = found.parts.unet.config;
  if (channels === 3 && size === 32) return found;
  return misuse(commands.evaluate, [
    `--checkpoint: expected a model of emoji (in_channels 3, sample_size 32) with --data emoji, got in_channels ${channels}, ` +
      `sample_size ${size}.`,
  ]);
}

/**
 * @param {Record<string, any>} values of the command line
 * @param {AbortSignal} signal
 * @returns {Promise<number>} the exit code
 */
export async function evaluateEmoji(values, signal) {
  const sd = library('notebook.js');
  const { drawingName, loadRunModel, saveMeasures, weightsHash } = library(
    'mnist/evaluation/index.js',
  );
  const { batch: batchSize = 40, guidance = [2], seed, steps, output, spacing } = values;
  const { checkpoint, config: changes } = values;
  const more = furtherOptions(values);
  const judge = sd.CaptionJudge.load(values.judge ?? inRoot('checkpoints', 'emoji-judge'));
  const { folder, parts } = loadedModel(values, loadRunModel);
  const weights = weightsHash(parts);
  const { name: samplerName, scheduler } = askedSampler(sd, commands.evaluate, {
    folder,
    scheduler: parts.scheduler,
    name: values.scheduler,
    spacing,
    changes,
  });
  const pipeline = new sd.TextToImagePipeline({ ...parts, scheduler });
  const reference = sd.emojiReference();
  const captionsOf = (set) => Array.from(set.captionIds, (id) => set.captions[id]);
  const asked = setsOf(reference).map(([kind, set]) => {
    const times = kind === 'seen' ? 1 : TIMES;
    return [kind, Array.from({ length: times }, () => captionsOf(set)).flat()];
  });
  const rows = [];
  for (const guidanceScale of guidance) {
    const settings = { scheduler: samplerName, spacing: scheduler.config.timestep_spacing };
    Object.assign(settings, { steps, guidanceScale, ...changes, ...more });
    const facts = { scheduler: samplerName, spacing, steps, guidanceScale, seed, batchSize };
    const name = drawingName({ ...facts, more: { ...changes, ...more } });
    const own = path.join(output, `${weights}-emoji-${name}`);
    const drawn = {};
    for (const [kind, captions] of asked) {
      say(`${name}: drawing ${captions.length} pictures, ${kind} …`);
      const total = Math.ceil(captions.length / batchSize) * steps;
      const progress = new Progress({ total, every: 10 });
      try {
        drawn[kind] = await sd.drawCaptions(pipeline, captions, {
          ...more,
          seed,
          batchSize,
          numInferenceSteps: steps,
          guidanceScale,
          folder: path.join(own, kind),
          signal,
          progressBar: false,
          onProgress: (share) => progress.update(Math.round(share * total)),
        });
      } catch (error) {
        if (signal.aborted) {
          say('Stopped: run the same command again to go on.');
          return 130;
        }
        if (!(error instanceof RangeError)) throw error;
        return misuse(commands.evaluate, [error.message]);
      } finally {
        progress.end();
      }
    }
    say('Measuring them …');
    const found = sd.evaluateEmoji(judge, reference, drawn);
    const numImages = found.seen.drawings;
    saveMeasures(own, { weights, numImages, settings, judge: judge.card, ...found });
    await saveSheets(sd, own, { found, drawn, reference });
    rows.push({ name, settings, ...found });
    say(`Pictures beside their nearest training pictures: ${typed(own)}`);
  }
  pipeline.dispose();
  const file = values.report ?? path.join(output, 'emoji-results.json');
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify({ judge: judge.card, rows }, null, 2)}\n`);
  console.log(String(sd.table(rows.flatMap((row) => sd.emojiColumns(row)))));
  console.log(`Saved: ${file}`);
  const isRun = [checkpoint, path.dirname(checkpoint)].some((place) =>
    fs.existsSync(path.join(place, 'recipe.json')),
  );
  if (isRun) {
    const next = `npm run export-model -- --recipe emoji --checkpoint ${typed(checkpoint)}`;
    console.log(`Next: ${next}, if it is to ship`);
  }
  return 0;
}

/** The real pictures of each kind of pairs; a recipe without tones of skin has none of these. */
function setsOf({ training, unseen }) {
  const sets = { seen: training, unseenStyles: unseen.styles, unseenTones: unseen.tones };
  return Object.entries(sets).filter(([, set]) => set !== null);
}

/** Of each kind twenty drawn pictures, below each the training picture nearest to it, below that the real one. */
async function saveSheets(sd, folder, { found, drawn, reference }) {
  for (const [kind, of] of setsOf(reference)) {
    const rows = sd.besideNearest(drawn[kind], of, reference, found[kind], SHOWN);
    await sd
      .imageGrid(rows, { columns: rows.length / 3, scale: 2 })
      .save(path.join(folder, `${kind}.png`));
  }
}
