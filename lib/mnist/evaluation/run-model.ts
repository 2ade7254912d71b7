/** Which model a folder stands for. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { MetricMode } from '../../io/runs/checkpoint-folder';
import { loadCheckpoint, type CheckpointParts } from '../../pretrained/checkpoint';
import type { Sampler } from '../../schedulers/scheduler';
import { bestCheckpoint, latestCheckpoint, loadEmaWeights } from '../../training/checkpoints';

export interface RunModelOptions {
  /** With the averaged weights of a training checkpoint, if it has some. Default: true. */
  readonly averaged?: boolean | undefined;
  /** Of a run: its checkpoint with the lowest (`min`) or highest (`max`) metric. Default: its last model. */
  readonly best?: MetricMode | undefined;
  /** Whether a model in colour is taken, too. Default false: the judge reads digits. */
  readonly anyChannels?: boolean;
}

/**
 * Loads the model that a folder stands for: a model's own folder, or that of a run, of which it is the finished model
 * or else the last sound checkpoint, or the best one if asked for. The caller disposes the parts.
 *
 * @throws RangeError for a model that is not grey; Error as `loadCheckpoint`, or if the best is asked for and no checkpoint was saved with a metric
 */
export function loadRunModel(
  given: string,
  { averaged = true, best, anyChannels = false }: RunModelOptions = {},
): { readonly folder: string; readonly parts: CheckpointParts<Sampler> } {
  const folder = best === undefined ? lastModel(given) : bestModel(given, best);
  const parts = loadCheckpoint<Sampler>(folder);
  try {
    const channels = parts.unet.config.in_channels;
    if (channels !== 1 && !anyChannels) {
      throw new RangeError(
        `${folder}: expected a model of digits, which are grey (in_channels 1), got in_channels ${channels}. ` +
          'The judge reads digits only; a model of emoji is measured with --data emoji.',
      );
    }
    if (averaged) loadEmaWeights(folder, parts);
  } catch (error) {
    parts.unet.dispose();
    parts.textEncoder.dispose();
    throw error;
  }
  return { folder, parts };
}

function lastModel(given: string): string {
  const isModel = (folder: string) => existsSync(path.join(folder, 'model_index.json'));
  const finished = path.join(given, 'model');
  if (isModel(given)) return given;
  return isModel(finished) ? finished : (latestCheckpoint(given) ?? given);
}

function bestModel(runFolder: string, mode: MetricMode): string {
  const best = bestCheckpoint(runFolder, { mode });
  if (best !== null) return best;
  throw new Error(
    `${path.resolve(runFolder)}: expected a run with a checkpoint that was saved with a metric, found none. ` +
      'Save with sd.saveTraining(folder, trainer, { metric }), or take the last checkpoint.',
  );
}
