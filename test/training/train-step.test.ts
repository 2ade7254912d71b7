import { describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { gatherRows } from '../../lib/nn/gather-rows';
import { toHost } from '../../lib/nn/state-dict';
import { AdamW } from '../../lib/optim/adamw';
import { DDPMScheduler } from '../../lib/schedulers/ddpm';
import { TrainStep } from '../../lib/training/train-step';
import { FixedObjective, rowsOf } from '../support/fixed-objective';
import { loadGolden } from '../support/golden';
import { fixtureModelFolder, nhwc } from '../support/model';

const golden = loadGolden('train-tiny');
const folder = fixtureModelFolder('train-tiny');
const get = (key: string) => golden.get(key)!;

const EMBEDDINGS = get('in.embeddings');

/** The parts of the reference run: its start weights, fixed embeddings, AdamW with lr 1e-3. */
function referenceRun() {
  const unet = UNet2DConditionModel.fromPretrained(folder);
  const noiseScheduler = new DDPMScheduler({ beta_schedule: 'squaredcos_cap_v2' });
  const objective = new FixedObjective({ unet, noiseScheduler });
  const optimizer = new AdamW(objective.parameters, { lr: 1e-3 });
  const step = new TrainStep({ objective, optimizer });
  const dispose = () => [unet, objective, optimizer, step].forEach((part) => part.dispose());
  return { step, objective, dispose };
}

type Run = ReturnType<typeof referenceRun>;

/** Makes batch i of the reference the present one. */
function setBatch({ objective }: Run, i: number): void {
  tf.tidy(() => {
    const embeddings = tf.tensor3d(EMBEDDINGS.data, EMBEDDINGS.shape as [number, number, number]);
    const labels = tf.tensor1d(get(`in.${i}.label`).data, 'int32');
    objective.set({
      latents: nhwc(get(`in.${i}.x`)),
      noise: nhwc(get(`in.${i}.noise`)),
      timesteps: tf.tensor1d(get(`in.${i}.t`).data, 'int32'),
      encoderHiddenStates: gatherRows(embeddings, labels) as tf.Tensor3D,
    });
  });
}

/** Gathers the gradients of batch i, in micro-batches of the given sizes. @returns the loss */
function accumulate(run: Run, i: number, sizes: readonly number[]): number {
  setBatch(run, i);
  return tf.tidy(() => {
    let [loss, start] = [0, 0];
    for (const size of sizes) {
      loss += run.step.accumulate(rowsOf(8, start, size), size / 8, start === 0);
      start += size;
    }
    return loss;
  });
}

/** One step of the reference run. */
function runStep(run: Run, i: number, sizes: readonly number[]): number {
  const loss = accumulate(run, i, sizes);
  run.step.apply(1e-3, 1);
  return loss;
}

// Reference: test/fixtures/train-tiny, written by scripts/export_goldens.py: twelve steps in PyTorch.
describe('TrainStep against PyTorch and diffusers', () => {
  it.each([[[8]], [[3, 3, 2]]])('gives the same 12 losses, in micro-batches of %j', (sizes) => {
    const run = referenceRun();
    const losses = Array.from({ length: 12 }, (_, i) => runStep(run, i, sizes));
    const expected = get('out.losses').data;
    losses.forEach((loss, i) => {
      expect(Math.abs(loss / expected[i]! - 1), `loss of step ${i}`).toBeLessThanOrEqual(1e-4);
    });
    run.dispose();
  });

  it('gives the same losses when all parts were compiled before', () => {
    const run = referenceRun();
    setBatch(run, 0);
    tf.tidy(() => run.step.compile(rowsOf(8), 1));
    const losses = [0, 1].map((i) => runStep(run, i, [8]));
    losses.forEach((loss, i) => {
      expect(Math.abs(loss / get('out.losses').data[i]! - 1)).toBeLessThanOrEqual(1e-4);
    });
    expect(run.step.compilations).toBe(3); // gather, norm, apply: once each
    run.dispose();
  });

  it('leaks no tensor', () => {
    const run = referenceRun();
    setBatch(run, 0);
    expect(() => runStep(run, 0, [8])).toLeakNothing();
    run.dispose();
    expect(() => referenceRun().dispose()).toLeakNothing();
  });

  it('gathers the same gradients from micro-batches as from the whole batch', () => {
    const run = referenceRun();
    const gathered = (sizes: readonly number[]) => {
      accumulate(run, 0, sizes);
      return [...run.step.gradients.values()].flatMap((g) => [...toHost(g).data]);
    };
    expect(gathered([2, 2, 2, 2])).toBeCloseInNorm(gathered([8]), 1e-5);
    run.dispose();
  });
});
