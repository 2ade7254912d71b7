/** Whether a run's folder is that of a training: none follows, replaces or removes the checkpoints of another. */
import * as path from 'node:path';
import { newestSound } from '../io/runs/checkpoint-folder';
import { readJsonObject } from '../pretrained/model-files';
import type { Trainer } from './trainer';
import type { TrainerState } from './trainer-state';

/** Folders that were looked at: reading a checkpoint takes its time. */
const own = new WeakMap<Trainer, Set<string>>();

/**
 * Of the same training are checkpoints whose last step it has in its history, with the same loss.
 *
 * @param runFolder absolute
 * @param stateFile where a checkpoint has its state
 * @throws Error naming the folder's latest sound checkpoint, if it is of another training
 */
export function requireOwnRun(runFolder: string, trainer: Trainer, stateFile: string): void {
  const folders = own.get(trainer) ?? new Set<string>();
  if (folders.has(runFolder)) return;
  const latest = newestSound(runFolder, () => undefined)?.folder;
  if (latest !== undefined) {
    const { steps } = readJsonObject(path.join(latest, stateFile)) as unknown as TrainerState;
    const last = steps.at(-1);
    const same = trainer.history.steps.find(({ step }) => step === last?.step);
    // One that is later is refused when it is saved.
    if (last !== undefined && last.step <= trainer.step && same?.loss !== last.loss) {
      throw new Error(
        `${runFolder}: expected checkpoints of this training, but ${path.basename(latest)} is of another, which it would take the ` +
          'place of. Go on from that one (sd.resumeTraining(folder, trainer)), or choose another folder for a new run.',
      );
    }
  }
  own.set(trainer, folders.add(runFolder));
}
