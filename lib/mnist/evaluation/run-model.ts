/** Which model a folder stands for. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { loadCheckpoint, type CheckpointParts } from '../../pretrained/checkpoint';
import { latestCheckpoint, loadEmaWeights } from '../../training/checkpoints';

/**
 * Loads a model's folder, or of a run's folder its finished model or else its last checkpoint; the caller disposes the
 * models.
 *
 * @param averaged with a training checkpoint's averaged weights, if it has some
 * @throws Error as `loadCheckpoint`
 */
export function loadRunModel(
  given: string,
  averaged: boolean,
): { readonly folder: string; readonly parts: CheckpointParts } {
  const isModel = (folder: string) => existsSync(path.join(folder, 'model_index.json'));
  const finished = path.join(given, 'model');
  const latest = isModel(finished) ? finished : latestCheckpoint(given);
  const folder = isModel(given) ? given : (latest ?? given);
  const parts = loadCheckpoint(folder);
  if (averaged) loadEmaWeights(folder, parts);
  return { folder, parts };
}
