// Which model a folder stands for.
import fs from 'node:fs';
import path from 'node:path';

/**
 * Loads a model's folder, or of a run's folder its finished model or else its last checkpoint.
 *
 * @param {boolean} averaged with a training checkpoint's averaged weights, if it has some
 */
export function checkpointParts(sd, given, averaged) {
  const isModel = (folder) => fs.existsSync(path.join(folder, 'model_index.json'));
  const finished = path.join(given, 'model');
  const latest = isModel(finished) ? finished : sd.latestCheckpoint(given);
  const folder = isModel(given) ? given : (latest ?? given);
  const parts = sd.loadCheckpoint(folder);
  if (averaged) sd.loadEmaWeights(folder, parts);
  return { folder, parts };
}
