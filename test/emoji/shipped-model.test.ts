/** The model of emoji that ships: what its folder holds, and that it draws what it is asked for. */
import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { learntCaptions } from '../../lib/conditioning/learnt-captions';
import { drawCaptions } from '../../lib/emoji/evaluation/drawn-captions';
import { emojiReference } from '../../lib/emoji/evaluation/evaluate-emoji';
import { CaptionJudge } from '../../lib/emoji/judge/caption-judge';
import { EMOJI_JUDGE, EMOJI_MODEL } from '../../lib/emoji/shipped';
import { filesBelow } from '../../lib/io/runs/manifest';
import { readSafetensors } from '../../lib/io/safetensors';
import { retrieval } from '../../lib/metrics/retrieval';
import { modelFolder } from '../../lib/mnist/run-list';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { loadCheckpoint } from '../../lib/pretrained/checkpoint';
import { makeSampler } from '../../lib/schedulers/samplers';

const WEIGHTS = ['unet/diffusion_pytorch_model.safetensors', 'text_encoder/model.safetensors'];
const inModel = (name: string) => path.join(EMOJI_MODEL, name);

it('is found by name, and has at most 30 MB, in float16, with the licences of what it was trained on', () => {
  expect(modelFolder('shipped-emoji')).toBe(EMOJI_MODEL);
  const files = filesBelow(EMOJI_MODEL);
  const bytes = files.reduce((sum, name) => sum + statSync(inModel(name)).size, 0);
  expect(bytes).toBeLessThan(30e6);
  for (const name of WEIGHTS) {
    const dtypes = [...readSafetensors(inModel(name)).tensors.values()].map(({ dtype }) => dtype);
    expect(new Set(dtypes)).toEqual(new Set(['F16']));
  }
  expect(files).toEqual(expect.arrayContaining(['LICENSE-APACHE-2.0', 'LICENSE-MIT', 'README.md']));
  const card = readFileSync(inModel('README.md'), 'utf8');
  for (const named of ['CC BY 4.0', 'Apache License 2.0', 'Microsoft Corporation']) {
    expect(card).toContain(named);
  }
});

it('was trained on the pairs that are not held out, and draws what it is asked for', async () => {
  const { captions, training, unseen } = emojiReference();
  const { scheduler, ...models } = loadCheckpoint(EMOJI_MODEL);
  const learnt = new Set(learntCaptions(models.unet));
  expect([...learnt].sort()).toEqual([...training.captions].sort());
  const heldOut = [...unseen.styles.captions, ...unseen.tones!.captions];
  expect(heldOut.filter((caption) => learnt.has(caption))).toEqual([]);

  const sampler = makeSampler('sde-dpm-solver++', scheduler.config);
  const pipeline = new TextToImagePipeline({ ...models, scheduler: sampler });
  const asked = training.captions.filter((_, i) => i % 31 === 0);
  const how = { seed: 1, batchSize: 16, numInferenceSteps: 12, guidanceScale: 2 };
  const images = await drawCaptions(pipeline, asked, how);
  const judge = CaptionJudge.load(EMOJI_JUDGE);
  const places = asked.map((caption) => captions.indexOf(caption));
  const [, top5] = retrieval(judge.pictures(images), judge.captions(captions), places);
  expect(top5!.share).toBeGreaterThan(0.3); // by chance 1 %
  judge.dispose();
  pipeline.dispose();
  models.unet.dispose();
  models.textEncoder.dispose();
}, 240_000);
