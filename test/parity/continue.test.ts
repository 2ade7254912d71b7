import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { captionOf } from '../../lib/mnist/captions';
import { Generator } from '../../lib/random';
import { saveTraining } from '../../lib/training/checkpoints';
import { root } from '../support/script';
import { figure } from '../support/soak';
import { disposeTrainers, losses, tinyTrainer, withoutJit } from '../training/tiny-trainer';
import { findPython, MINUTES_10, pythonEnvironment, temporaryFolder, writeTensors } from './python';

const folder = temporaryFolder();
afterEach(disposeTrainers);

it(
  'ten more steps in PyTorch from a checkpoint have our losses',
  async () => {
    await withoutJit(async () => {
      const trainer = tinyTrainer();
      await trainer.fit({ maxSteps: 5 });
      const checkpoint = saveTraining(path.join(folder, 'run'), trainer);
      const { objective, sampler } = trainer;
      const batches: Record<string, tf.Tensor> = {};
      const generator = new Generator(1);
      const int32 = (numbers: ArrayLike<number>) => tf.tensor1d(Int32Array.from(numbers), 'int32');
      let i = 0;
      const place = sampler.state();
      for (const chosen of sampler) {
        const keys = objective.streams.map((name) => {
          return [name, int32(generator.stream(name).at(6 + i))] as const;
        });
        const rows = { indices: int32(chosen), rows: int32([0, 1, 2, 3]) };
        const drawn = objective.draw(rows, Object.fromEntries(keys));
        const texts = Array.from(drawn.captionIds.dataSync(), (id) => captionOf(id));
        const { input_ids, shape } = objective.tokenizer.encode(texts);
        batches[`${i}.images`] = drawn.latents;
        batches[`${i}.noise`] = drawn.noise;
        batches[`${i}.timesteps`] = drawn.timesteps;
        batches[`${i}.input_ids`] = tf.tensor2d(input_ids, [...shape], 'int32');
        if (++i === 10) break;
      }
      sampler.loadState(place);
      const file = path.join(folder, 'batches.safetensors');
      writeTensors(file, batches);
      const out = path.join(folder, 'continued');
      const script = path.join(root, 'scripts', 'continue_in_torch.py');
      const { stdout, stderr, status } = spawnSync(
        findPython(),
        [script, checkpoint, '--batches', file, '--out', out],
        { encoding: 'utf8', env: pythonEnvironment() },
      );
      expect(status, stderr).toBe(0);
      const theirs = JSON.parse(stdout.trim().split('\n').at(-1)!) as number[];
      await trainer.fit({ maxSteps: 15 });
      const ours = losses(trainer).slice(5);
      expect(theirs).toHaveLength(10);
      const worst = Math.max(...ours.map((loss, step) => Math.abs(loss / theirs[step]! - 1)));
      expect(worst).toBeLessThan(1e-4);
      expect(existsSync(path.join(out, 'optimizer.bin'))).toBe(true);
      figure(
        'a checkpoint taken up in PyTorch for ten steps',
        `losses differ by ${worst.toExponential(1)} at most`,
      );
      tf.dispose(batches);
    });
  },
  MINUTES_10,
);
