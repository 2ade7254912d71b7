import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { getScheduler } from '../../lib/optim/lr-scheduler';
import { resumeTraining, saveTraining } from '../../lib/training/checkpoints';
import { figure, seededRandom, times } from '../support/soak';
import { disposeTrainers, everything, tinyTrainer, withoutJit, firstImages } from './tiny-trainer';

const temporary = mkdtempSync(path.join(tmpdir(), 'exact-'));
afterAll(() => rmSync(temporary, { recursive: true }));
afterEach(disposeTrainers);
vi.setConfig({ testTimeout: 3_600_000 });

/** In `npm run soak` the steps are traced, as people run them. */
const inGraphs = times(0, 1) === 1;
const STEPS = times(8, 200);

it('a run cut at several places equals the straight one bit for bit', async () => {
  const dataset = firstImages(4 * 5 + 1); // five batches an epoch, an image left out
  const options = {
    ema: { decay: 0.9 },
    captionDropout: 0.5,
    offsetNoise: 0.1,
    maxGradNorm: 1,
    microBatchSize: 3,
    lrSchedule: getScheduler('cosine', { numWarmupSteps: 3, numTrainingSteps: STEPS }),
  };
  const random = seededRandom(5);
  const inside = Array.from({ length: times(1, 5) }, () => 1 + Math.floor(random() * (STEPS - 1)));
  // step 0, the edge of an epoch and beside it, the last step but one, the last
  const edges = [0, 5, STEPS, 4, STEPS - 1].slice(0, times(2, 5));
  const cuts = [...edges, ...inside];
  const body = async () => {
    const straight = tinyTrainer(options, { dataset });
    saveTraining(path.join(temporary, '0'), straight);
    await straight.fit({
      maxSteps: STEPS,
      onStep: ({ step }) => {
        if (cuts.includes(step)) saveTraining(path.join(temporary, String(step)), straight);
      },
    });
    const expected = everything(straight);
    for (const cut of cuts) {
      const resumed = tinyTrainer(options, { dataset }, 99); // other weights to begin with
      expect(resumeTraining(path.join(temporary, String(cut)), resumed)).toBe(cut);
      if (cut < STEPS - 2) {
        // cut once more, two steps later
        await resumed.fit({ maxSteps: cut + 2 });
        const folder = path.join(temporary, `${cut}-again`);
        saveTraining(folder, resumed);
        const again = tinyTrainer(options, { dataset }, 77);
        resumeTraining(folder, again);
        await again.fit({ maxSteps: STEPS });
        expect(everything(again), `cut at ${cut} and ${cut + 2}`).toEqual(expected);
      } else {
        await resumed.fit({ maxSteps: STEPS });
        expect(everything(resumed), `cut at ${cut}`).toEqual(expected);
      }
      disposeTrainers(); // the straight one is done with, too
    }
    figure(
      `a run of ${STEPS} steps cut at ${cuts.length} places${inGraphs ? ', in graphs' : ''}`,
      `cut at ${cuts.join(', ')} and, where there was room, once more two steps later: weights, moments, ` +
        'moving average, losses, learning rates and place in the data bit-equal in all',
    );
  };
  await (inGraphs ? body() : withoutJit(body));
});
