/** A training of another process, such as `npm run train`, watched from a notebook. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { learntCaptions } from '../conditioning/learnt-captions';
import { listCheckpoints } from '../io/runs/checkpoint-folder';
import { isLocked } from '../io/runs/folder-lock';
import { TextToImagePipeline } from '../pipelines/text-to-image';
import { stoppable } from '../stop';
import { latestCheckpoint, loadEmaWeights } from '../training/checkpoints';
import type { StepLog } from '../training/history';
import { readRunLog } from '../training/run-log';
import { TrainingView, type TrainingViewOptions } from './training-view';
import { requireText } from '../options';

export interface WatchOptions extends TrainingViewOptions {
  /** Whether to draw a row of images with each new checkpoint. Default true. */
  readonly samples?: boolean;
  /** What they show. Default: the first ten captions that the model is trained with. */
  readonly prompts?: readonly string[];
  /** Default 20. */
  readonly numInferenceSteps?: number;
  /** Least milliseconds between two looks into the folder. Default 1000. */
  readonly pollInterval?: number;
  /** Ends the watching, as the notebook's Stop does. */
  readonly signal?: AbortSignal;
}

export interface WatchedTraining {
  readonly steps: readonly StepLog[];
  /** Whether it still went on when the watching ended. */
  readonly running: boolean;
}

/**
 * Shows the live view of a training that another process does, by the files of its run folder: the steps as they are
 * logged, images of each new checkpoint. It ends with the training; Stop ends the watching alone.
 *
 * @param folder the run's, for example `runs/best`
 * @throws Error if the folder holds no log of a training
 */
export async function watchTraining(
  folder: string,
  options: WatchOptions = {},
): Promise<WatchedTraining> {
  requireText('watchTraining', folder, "a run's folder, as npm run train says it first");
  const run = path.resolve(folder);
  let steps = readRunLog(run);
  if (steps === undefined && !isLocked(run)) {
    const found = existsSync(run) ? 'no history.jsonl' : 'no such folder';
    throw new Error(
      `${run}: expected the folder of a run by npm run train, found ${found}. Check its name: npm run train says it first.`,
    );
  }
  const view = new TrainingView(() => steps ?? [], options);
  const { samples = true, pollInterval = 1000, signal } = options;
  let sampled: string | undefined;
  const running = await stoppable(signal, async (stopped, ended) => {
    for (;;) {
      const goesOn = isLocked(run); // asked first: what was written before it ended is read below
      steps = readRunLog(run) ?? steps;
      if (samples) sampled = await drawNewest(run, sampled, view, options, ended);
      view.update();
      if (!goesOn || stopped()) return goesOn;
      await pause(pollInterval, undefined, { signal: ended }).catch(() => {}); // stopped: it looks once more
    }
  });
  await view.close();
  return { steps: steps ?? [], running };
}

/** A row of images of the newest checkpoint, unless it is known. @returns that checkpoint's folder */
async function drawNewest(
  run: string,
  known: string | undefined,
  view: TrainingView,
  { prompts, numInferenceSteps = 20 }: WatchOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  let pipeline: TextToImagePipeline | undefined;
  try {
    // Whether a checkpoint is whole is seen by reading all of it: not at each look.
    if (listCheckpoints(run).at(-1)?.folder === known) return known;
    const newest = latestCheckpoint(run, { onWarning: () => {} });
    if (newest === null || newest === known) return known;
    pipeline = TextToImagePipeline.fromPretrained(newest);
    loadEmaWeights(newest, pipeline);
    const texts = prompts ?? learntCaptions(pipeline.unet)?.slice(0, 10) ?? [''];
    const draw = { seed: 422, numInferenceSteps, progressBar: false, signal };
    const { images } = await pipeline.generate(texts, draw);
    view.addSamples(Number(/\d+$/.exec(newest)?.[0] ?? 0), images);
    return newest;
  } catch {
    return known; // removed by the training while it was read, or stopped: the next look will tell
  } finally {
    pipeline?.dispose();
  }
}
