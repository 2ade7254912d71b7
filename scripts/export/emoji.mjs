// What the model of emoji that ships has beside a model of digits: weights of two bytes, licences of drawings, figures of its own.
import fs from 'node:fs';
import path from 'node:path';
import { library } from '../command-line/command.mjs';
import { inRoot } from '../setup/paths.mjs';
import { stopSignal } from '../setup/signals.mjs';
import { evaluateEmoji } from '../evaluate/emoji.mjs';

/** How the figures of its card are drawn. */
const SAMPLING = { scheduler: 'sde-dpm-solver++', steps: 20, guidance: [2], seed: 0, batch: 40 };

const JUDGE = inRoot('checkpoints', 'emoji-judge', 'judge.json');

/** Rounds the weights in a model's folder to float16. */
export function halve(folder, files) {
  const { halfFromFloat32Array, readSafetensors, toFloat32Array, writeSafetensors } =
    library('io/safetensors/index.js');
  for (const name of files) {
    const file = path.join(folder, name);
    const { tensors, metadata } = readSafetensors(file);
    const halved = [...tensors].map(([key, tensor]) => [
      key,
      halfFromFloat32Array(toFloat32Array(tensor, key), tensor.shape),
    ]);
    writeSafetensors(file, new Map(halved), metadata);
  }
}

/** The licences of the drawings go along with what was trained on them. */
export function copyLicences(folder) {
  for (const name of ['LICENSE-APACHE-2.0', 'LICENSE-MIT']) {
    fs.copyFileSync(inRoot('data', 'emoji', name), path.join(folder, name));
  }
}

/**
 * The figures of these weights by the judge that ships, drawn and measured here if there are none yet.
 *
 * @returns {Promise<object[] | null>} null if it was stopped: the same command goes on
 */
export async function emojiFigures(findMeasures, { folder, results, weights }) {
  const { sha256 } = JSON.parse(fs.readFileSync(JUDGE, 'utf8'));
  const byThisJudge = () =>
    findMeasures(results, weights).filter(({ judge }) => judge.sha256 === sha256);
  if (byThisJudge().length > 0) return byThisJudge();
  const asked = { checkpoint: folder, output: results, config: {}, generate: {}, ...SAMPLING };
  const code = await evaluateEmoji(asked, stopSignal());
  return code === 0 ? byThisJudge() : null;
}
