/** The loop of a training that is not saved on its way: all of it, or nothing. */
import { loopBar } from '../progress';
import { interruption, nextMacrotask, stoppable } from '../stop';

export interface ShortTrainingLog {
  /** The number of this step, from 1. */
  readonly step: number;
  /** How many steps there are in all. */
  readonly steps: number;
  /** Mean loss of the batch. */
  readonly loss: number;
}

export interface ShortTraining<B> {
  /** What is trained, for the bar and for messages: `judge`. */
  readonly what: string;
  readonly epochs: number;
  /** Of all epochs. */
  readonly steps: number;
  /** Those of an epoch, drawn anew each time. */
  readonly batches: () => Iterable<B>;
  /** @returns the loss */
  readonly runStep: (batch: B, step: number) => number;
}

export interface ShortTrainingOptions {
  /** Whether a notebook shows a bar. Default true. */
  readonly progressBar?: boolean;
  readonly onStep?: (log: ShortTrainingLog) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** @throws Interrupted or the signal's reason if it was stopped before its last step */
export async function shortTraining<B>(
  { what, epochs, steps, batches, runStep }: ShortTraining<B>,
  { progressBar, onStep, signal }: ShortTrainingOptions,
): Promise<void> {
  const bar = loopBar(steps, { description: `train ${what}`, unit: 'step' }, progressBar);
  try {
    await stoppable(signal, async (stopped) => {
      let step = 0;
      for (let epoch = 0; epoch < epochs; epoch++) {
        for (const batch of batches()) {
          const loss = runStep(batch, ++step);
          bar.update(1, { loss });
          await onStep?.({ step, steps, loss });
          await nextMacrotask();
          if (stopped() && step < steps) {
            const at = `step ${step} of ${steps}`;
            throw interruption(signal, `The ${what}'s training was stopped after ${at}.`);
          }
        }
      }
    });
  } finally {
    bar.close();
  }
}
