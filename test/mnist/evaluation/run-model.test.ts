import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadRunModel } from '../../../lib/mnist/evaluation/run-model';
import { weightsHash } from '../../../lib/mnist/evaluation/weights-hash';
import { UNet2DConditionModel } from '../../../lib/models/unet-2d-condition';
import { saveCheckpoint } from '../../../lib/pretrained/checkpoint';
import { Generator } from '../../../lib/random';
import { bestCheckpoint, latestCheckpoint, saveTraining } from '../../../lib/training/checkpoints';
import { temporaryRoot } from '../../support/temporary';
import { TINY_UNET } from '../../support/tiny-configs';
import { tinyParts } from '../../support/tiny-model';
import { disposeTrainers, tinyTrainer } from '../../training/tiny-trainer';

const root = mkdtempSync(path.join(temporaryRoot, 'run-model-'));
afterAll(() => rmSync(root, { recursive: true }));
/** A run of four steps, each saved: metrics 3, 1, none and 2. */
const run = path.join(root, 'run');
/** Hashes of the last weights after each step, by step. */
const hashes: string[] = [];
let averagedHash: string;

beforeAll(async () => {
  const trainer = tinyTrainer({ ema: { decay: 0.5 } });
  const { unet, textEncoder, tokenizer, noiseScheduler } = trainer.objective;
  const hash = () => weightsHash({ unet, textEncoder });
  hashes.push(hash());
  for (const metric of [3, 1, undefined, 2]) {
    await trainer.fit({ maxSteps: trainer.step + 1 });
    hashes.push(hash());
    saveTraining(run, trainer, { keepLast: 10, ...(metric !== undefined && { metric }) });
  }
  averagedHash = (await trainer.ema!.withAveragedWeights(hash)) as string;
  const parts = { unet, textEncoder, tokenizer, scheduler: noiseScheduler };
  saveCheckpoint(path.join(root, 'finished', 'model'), parts as never);
  cpSync(run, path.join(root, 'finished'), { recursive: true });
  cpSync(path.join(run, 'checkpoint-4'), path.join(root, 'finished', 'checkpoint-5'), {
    recursive: true,
  });
  disposeTrainers();
});
afterEach(disposeTrainers);

/** Where it was found, and which weights it has. */
function found(...args: Parameters<typeof loadRunModel>) {
  const { folder, parts } = loadRunModel(...args);
  const hash = weightsHash(parts);
  parts.unet.dispose();
  parts.textEncoder.dispose();
  return [path.relative(root, folder), hash];
}
const last = { averaged: false };

describe('the best checkpoint of a run', () => {
  it('has the lowest or the highest metric; of those without one, none', () => {
    expect(bestCheckpoint(run)).toBe(path.join(run, 'checkpoint-2'));
    expect(bestCheckpoint(run, { mode: 'min' })).toBe(path.join(run, 'checkpoint-2'));
    expect(bestCheckpoint(run, { mode: 'max' })).toBe(path.join(run, 'checkpoint-1'));
    expect(latestCheckpoint(run)).toBe(path.join(run, 'checkpoint-4'));
  });

  it('is the next best where the best is damaged, with a word', () => {
    const copy = path.join(root, 'damaged');
    cpSync(run, copy, { recursive: true });
    writeFileSync(path.join(copy, 'checkpoint-2', 'unet', 'config.json'), '{}');
    const warnings: string[] = [];
    const options = { onWarning: (text: string) => warnings.push(text) };
    expect(bestCheckpoint(copy, options)).toBe(path.join(copy, 'checkpoint-4'));
    expect(warnings).toEqual([expect.stringMatching(/checkpoint-2 is passed over: .*next best/)]);
  });

  it('is null where there is none', () => {
    expect(bestCheckpoint(path.join(root, 'none'))).toBeNull();
    const copy = path.join(root, 'unmeasured');
    cpSync(path.join(run, 'checkpoint-3'), path.join(copy, 'checkpoint-3'), { recursive: true });
    expect(bestCheckpoint(copy)).toBeNull();
    expect(latestCheckpoint(copy)).toBe(path.join(copy, 'checkpoint-3'));
    expect(() => loadRunModel(copy, { best: 'min' })).toThrow(
      /unmeasured: expected a run with a checkpoint that was saved with a metric, found none/,
    );
  });
});

describe('the model that a folder stands for', () => {
  it('is that of a checkpoint, with its last weights or their average', () => {
    const folder = path.join(run, 'checkpoint-4');
    expect(found(folder, last)).toEqual(['run/checkpoint-4', hashes[4]]);
    expect(found(folder)).toEqual(['run/checkpoint-4', averagedHash]);
    expect(averagedHash).not.toBe(hashes[4]);
  });

  it('is the last checkpoint of a run, or the best if asked for', () => {
    expect(found(run, last)).toEqual(['run/checkpoint-4', hashes[4]]);
    expect(found(run, { ...last, best: undefined })).toEqual(['run/checkpoint-4', hashes[4]]);
    expect(found(run, { ...last, best: 'min' })).toEqual(['run/checkpoint-2', hashes[2]]);
    expect(found(run, { ...last, best: 'max' })).toEqual(['run/checkpoint-1', hashes[1]]);
  });

  it('is the finished model where a run has one', () => {
    expect(found(path.join(root, 'finished'))).toEqual(['finished/model', hashes[4]]);
  });

  it('is refused in colour, which the judge cannot read, leaving nothing behind', () => {
    const { scheduler, unet: grey, ...own } = tinyParts();
    const config = { ...TINY_UNET, in_channels: 3, out_channels: 3 };
    const unet = new UNet2DConditionModel(config, new Generator(1).stream('init'));
    const colour = path.join(root, 'colour');
    saveCheckpoint(colour, { ...own, unet, scheduler });
    expect(() => {
      expect(() => loadRunModel(colour)).toThrow(
        /colour: expected a model of digits, which are grey \(in_channels 1\), got in_channels 3/,
      );
    }).toLeakNothing();
    [grey, unet, own.textEncoder].forEach((model) => model.dispose());
  });

  it('is refused where there is none, leaving nothing behind', () => {
    expect(() => loadRunModel(path.join(root, 'none'))).toThrow(/none/);
    const broken = path.join(root, 'broken');
    cpSync(path.join(run, 'checkpoint-4'), broken, { recursive: true });
    rmSync(path.join(broken, 'manifest.json'));
    writeFileSync(path.join(broken, 'training', 'ema.safetensors'), 'no tensors');
    expect(() => {
      expect(() => loadRunModel(broken)).toThrow(/ema\.safetensors/);
    }).toLeakNothing();
  });
});
