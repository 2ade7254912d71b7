/** Messages name folders absolutely, and offer only what can be done. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { loadMnist } from '../../lib/mnist/mnist';
import { Judge } from '../../lib/mnist/evaluation/judge';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { loadCheckpoint } from '../../lib/pretrained/checkpoint';
import { latestCheckpoint } from '../../lib/training/checkpoints';
import { temporaryRoot } from '../support/temporary';

const root = realpathSync(mkdtempSync(path.join(temporaryRoot, 'paths-')));
const before = process.cwd();
beforeAll(() => {
  mkdirSync(path.join(root, 'checkpoints', 'mine'), { recursive: true });
  mkdirSync(path.join(root, 'notebooks'));
  process.chdir(path.join(root, 'notebooks'));
});
afterEach(() => process.chdir(path.join(root, 'notebooks')));
afterAll(() => {
  process.chdir(before);
  rmSync(root, { recursive: true });
});

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  return 'nothing was thrown';
};

describe('a folder that is not there', () => {
  it.each<[string, (name: string) => unknown]>([
    ['TextToImagePipeline', (name) => TextToImagePipeline.fromPretrained(name)],
    ['loadCheckpoint', (name) => loadCheckpoint(name)],
    ['UNet2DConditionModel', (name) => UNet2DConditionModel.fromPretrained(name)],
    ['CLIPTextModel', (name) => CLIPTextModel.fromPretrained(name)],
    ['CLIPTokenizer', (name) => CLIPTokenizer.fromPretrained(name)],
    ['Judge', (name) => Judge.load(name)],
    ['loadMnist', (folder) => loadMnist({ split: 'train', source: 'full', folder })],
  ])('is named absolutely by %s', (_, load) => {
    for (const name of ['none', './none', '../none', 'none/deep/er']) {
      expect(messageOf(() => load(name))).toContain(path.resolve(name));
    }
  });

  it('is null for latestCheckpoint', () => {
    expect(latestCheckpoint('none')).toBeNull();
  });

  it('but is above: that one is offered', () => {
    const message = messageOf(() => TextToImagePipeline.fromPretrained('checkpoints/mine'));
    expect(message).toContain(`${path.join(root, 'notebooks', 'checkpoints', 'mine')}: no such`);
    expect(message).toContain(`Did you mean ${path.join(root, 'checkpoints', 'mine')}, which is`);
  });

  it('may be a model of the hub: how to get it, and what cannot be loaded', () => {
    const pipeline = messageOf(() =>
      TextToImagePipeline.fromPretrained('runwayml/stable-diffusion-v1-5'),
    );
    expect(pipeline).toContain("await sd.snapshotDownload('runwayml/stable-diffusion-v1-5')");
    expect(pipeline).toContain('as Stable Diffusion itself, cannot be loaded');
    expect(pipeline).not.toContain('Did you mean');
    const text = messageOf(() => CLIPTextModel.fromPretrained('openai/clip-vit-base-patch32'));
    expect(text).toContain("await sd.snapshotDownload('openai/clip-vit-base-patch32')");
    expect(text).not.toContain('cannot be loaded');
    const half = messageOf(() => loadCheckpoint('a/b', { variant: 'fp16' }));
    expect(half).toContain("await sd.snapshotDownload('a/b', { variant: 'fp16' })");
  });
});
