/** Gradients exchanged between gathering and applying: two trainers in step, each with half of every batch. */
import { afterEach, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import type { ExchangeGradients } from '../../lib/training/trainer-options';
import { disposeTrainers, everything, firstImages, tinyTrainer } from '../training/tiny-trainer';

afterEach(disposeTrainers);

/** The mean over `count` members, each of which waits for all others. */
function meanOver(count: number): ExchangeGradients {
  let waiting: { gradients: ReadonlyMap<string, tf.Variable>; go: () => void }[] = [];
  return (gradients) =>
    new Promise((resolve) => {
      waiting.push({ gradients, go: resolve });
      if (waiting.length < count) return;
      const members = waiting;
      waiting = [];
      tf.tidy(() => {
        for (const name of gradients.keys()) {
          const own = members.map((member) => member.gradients.get(name)!);
          const mean = tf.div(tf.addN(own), count);
          for (const variable of own) variable.assign(mean);
        }
      });
      members.forEach(({ go }) => go());
    });
}

it('keeps members with other data at the same weights, norm and clipping', async () => {
  const exchangeGradients = meanOver(2);
  const options = { exchangeGradients, maxGradNorm: 0.5, ema: { decay: 0.9 }, batchSize: 4 };
  const members = [1, 2].map((seed) => tinyTrainer({ ...options, seed }));
  const histories = await Promise.all(members.map((member) => member.fit({ maxSteps: 4 })));
  const [a, b] = members.map((member) => everything(member));
  expect(a!.unet).toEqual(b!.unet);
  expect([a!.textEncoder, a!.optimizer, a!.ema]).toEqual([b!.textEncoder, b!.optimizer, b!.ema]);
  const [first, second] = histories.map(({ steps }) => steps);
  expect(first!.map(({ gradNorm }) => gradNorm)).toEqual(second!.map(({ gradNorm }) => gradNorm));
  expect(first!.map(({ loss }) => loss)).not.toEqual(second!.map(({ loss }) => loss));
});

it('of one member alone changes nothing', async () => {
  const dataset = firstImages(8);
  const [plain, alone] = [
    tinyTrainer({}, { dataset }),
    tinyTrainer({ exchangeGradients: meanOver(1) }, { dataset }),
  ];
  await plain.fit({ maxSteps: 3 });
  await alone.fit({ maxSteps: 3 });
  expect(everything(alone).unet).toEqual(everything(plain).unet);
});

it('that fails leaves the weights, and the run goes on', async () => {
  let isBroken = true;
  const exchangeGradients = () => {
    if (isBroken) throw new Error('the other is gone');
  };
  const trainer = tinyTrainer({ exchangeGradients });
  const before = everything(trainer);
  await expect(trainer.fit({ maxSteps: 1 })).rejects.toThrow('the other is gone');
  expect(everything(trainer)).toEqual(before);
  isBroken = false;
  await trainer.fit({ maxSteps: 1 });
  expect(trainer.step).toBe(1);
});
