import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { gatherRows } from '../../lib/nn/gather-rows';
import { namedParameters, toHost } from '../../lib/nn/state-dict';
import { AdamW } from '../../lib/optim/adamw';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { TrainStep, type MicroBatch } from '../../lib/training/train-step';
import { loadGolden } from '../support/golden';
import { fixtureModelFolder, nhwc } from '../support/model';

const golden = loadGolden('train-tiny');
const folder = fixtureModelFolder('train-tiny');
const get = (key: string) => golden.get(key)!;

/** The parts of the reference run: its start weights, fixed embeddings, AdamW with lr 1e-3. */
function referenceRun() {
  const unet = UNet2DConditionModel.fromPretrained(folder);
  const { data, shape } = get('in.embeddings');
  const embeddings = tf.tensor3d(data, shape as [number, number, number]);
  const parameters = namedParameters(unet);
  const optimizer = new AdamW(parameters, { lr: 1e-3 });
  const step = new TrainStep({
    unet,
    captions: { hiddenStates: (labels) => gatherRows(embeddings, labels) as tf.Tensor3D },
    noiseScheduler: new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' }),
    optimizer,
    parameters,
  });
  const dispose = () => {
    [unet, optimizer, step].forEach((part) => part.dispose());
    embeddings.dispose();
  };
  return { step, parameters, dispose };
}

function batch(i: number): MicroBatch {
  return {
    images: nhwc(get(`in.${i}.x`)),
    labels: tf.tensor1d(get(`in.${i}.label`).data, 'int32'),
    noise: nhwc(get(`in.${i}.noise`)),
    timesteps: tf.tensor1d(get(`in.${i}.t`).data, 'int32'),
  };
}

const rows = <T extends tf.Tensor>(x: T, start: number, size: number): T =>
  tf.slice(x, start, size);

/** One step of the reference run, in micro-batches of the given sizes. */
function runStep(step: TrainStep, i: number, sizes: readonly number[]): number {
  return tf.tidy(() => {
    const { images, labels, noise, timesteps } = batch(i);
    let [loss, start] = [0, 0];
    for (const size of sizes) {
      const part = {
        images: rows(images, start, size),
        labels: rows(labels, start, size),
        noise: rows(noise, start, size),
        timesteps: rows(timesteps, start, size),
      };
      const result = step.accumulate(part, size / 8, start === 0);
      loss += result.loss.dataSync()[0]!;
      start += size;
    }
    step.apply(tf.scalar(1));
    return loss;
  });
}

// Reference: test/fixtures/train-tiny, written by scripts/export_goldens.py: twelve steps in PyTorch.
describe('TrainStep against PyTorch and diffusers', () => {
  it.each([[[8]], [[3, 3, 2]]])('gives the same 12 losses, in micro-batches of %j', (sizes) => {
    const run = referenceRun();
    const losses = Array.from({ length: 12 }, (_, i) => runStep(run.step, i, sizes));
    const expected = get('out.losses').data;
    losses.forEach((loss, i) => {
      expect(Math.abs(loss / expected[i]! - 1), `loss of step ${i}`).toBeLessThanOrEqual(1e-4);
    });
    run.dispose();
  });

  it('gives the same losses when all parts were compiled before', () => {
    const run = referenceRun();
    tf.tidy(() => run.step.compile(batch(0), 1));
    const losses = [0, 1].map((i) => runStep(run.step, i, [8]));
    losses.forEach((loss, i) => {
      expect(Math.abs(loss / get('out.losses').data[i]! - 1)).toBeLessThanOrEqual(1e-4);
    });
    expect(run.step.apply.compilations).toBe(1);
    run.dispose();
  });

  it('leaks no tensor', () => {
    const run = referenceRun();
    expect(() => runStep(run.step, 0, [8])).toLeakNothing();
    run.dispose();
    expect(() => referenceRun().dispose()).toLeakNothing();
  });

  it('gathers the same gradients from micro-batches as from the whole batch', () => {
    const run = referenceRun();
    const gathered = (sizes: readonly number[]) => {
      tf.tidy(() => {
        const { images, labels, noise, timesteps } = batch(0);
        let start = 0;
        for (const size of sizes) {
          const part = {
            images: rows(images, start, size),
            labels: rows(labels, start, size),
            noise: rows(noise, start, size),
            timesteps: rows(timesteps, start, size),
          };
          run.step.accumulate(part, size / 8, start === 0);
          start += size;
        }
      });
      const { gradients } = run.step as unknown as { gradients: Map<string, tf.Variable> };
      return [...gradients.values()].flatMap((g) => [...toHost(g).data]);
    };
    expect(gathered([2, 2, 2, 2])).toBeCloseInNorm(gathered([8]), 1e-5);
    run.dispose();
  });
});
