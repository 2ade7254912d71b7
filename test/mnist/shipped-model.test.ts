import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, it, vi } from 'vitest';
import { promptedAccuracy } from '../../lib/mnist/evaluation/prompted-accuracy';
import { drawDigits } from '../../lib/mnist/evaluation/generated-images';
import { Judge } from '../../lib/mnist/evaluation/judge';
import { readManifest } from '../../lib/io/runs/manifest';
import { loadCheckpoint } from '../../lib/pretrained/checkpoint';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { SHIPPED_JUDGE, SHIPPED_MODEL } from '../../lib/mnist/shipped';
import { makeSampler } from '../../lib/schedulers/samplers';
import { weightsHash } from '../../lib/mnist/evaluation';

vi.setConfig({ testTimeout: 300_000 });

it('the trained models that ship take at most 30 MB, as safetensors only', () => {
  const files = [SHIPPED_MODEL, SHIPPED_JUDGE].flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) =>
      path.join(folder, name),
    ),
  );
  const sizes = files.map((file) => statSync(file)).filter((stat) => stat.isFile());
  expect(sizes.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(30e6);
  expect(files.filter((file) => /\.(bin|pt|pth|ckpt|pkl|msgpack|h5)$/.test(file))).toEqual([]);
});

it('the model card names the hashes that the manifest has', () => {
  const card = readFileSync(path.join(SHIPPED_MODEL, 'README.md'), 'utf8');
  const manifest = readManifest(SHIPPED_MODEL);
  if (typeof manifest === 'string') throw new Error(manifest);
  const weights = Object.entries(manifest.files).filter(([name]) => name.endsWith('.safetensors'));
  expect(weights).toHaveLength(2);
  for (const [name, { sha256 }] of weights) expect(card, name).toContain(sha256);
});

it('the figures of the guidance sweep are of these very weights, with 1,000 images a scale', () => {
  const text = readFileSync(path.join(SHIPPED_MODEL, 'guidance-sweep.json'), 'utf8');
  const { rows } = JSON.parse(text) as {
    rows: { weights: string; numImages: number; settings: { guidanceScale: number } }[];
  };
  const scales = rows.map(({ settings }) => settings.guidanceScale);
  expect(scales).toEqual(expect.arrayContaining([0, 1, 2, 5, 8, 10, 20, 50, 100]));
  const parts = loadCheckpoint(SHIPPED_MODEL);
  const weights = weightsHash(parts);
  parts.unet.dispose();
  parts.textEncoder.dispose();
  for (const row of rows) expect(row).toMatchObject({ weights, numImages: 1000 });
});

it('draws the digits that it is asked for', async () => {
  const parts = loadCheckpoint(SHIPPED_MODEL);
  const scheduler = makeSampler('ddim', parts.scheduler.config);
  const pipeline = new TextToImagePipeline({ ...parts, scheduler });
  const options = { seed: 0, numImages: 40, batchSize: 40, numInferenceSteps: 10 };
  const drawn = await drawDigits(pipeline, { ...options, guidanceScale: 1.5 });
  const judge = Judge.load(SHIPPED_JUDGE);
  const { predictions } = judge.judge(drawn.images);
  expect(promptedAccuracy(drawn.labels, predictions).overall.share).toBeGreaterThanOrEqual(0.9);
  judge.dispose();
  pipeline.dispose();
});
