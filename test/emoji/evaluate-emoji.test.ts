/** What the figures say where the answer is known. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ndarray from 'ndarray';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rowMajor, toTensor } from '../../lib/datasets/transforms';
import { drawCaptions, type EmojiPipeline } from '../../lib/emoji/evaluation/drawn-captions';
import { emojiReference, evaluateEmoji } from '../../lib/emoji/evaluation/evaluate-emoji';
import { emojiModelCard } from '../../lib/emoji/evaluation/model-card';
import { besideNearest, emojiColumns } from '../../lib/emoji/evaluation/report';
import { CaptionJudge } from '../../lib/emoji/judge/caption-judge';
import { EMOJI_SET } from '../../lib/emoji/presets';
import { EMOJI_JUDGE, EMOJI_TOKENIZER } from '../../lib/emoji/shipped';
import { loadEmoji } from '../../lib/image-datasets/emoji/load-emoji';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { Generator } from '../../lib/random';
import { DDIMScheduler } from '../../lib/schedulers/ddim';

const reference = emojiReference();
const { training, unseen } = reference;
const real = {
  seen: toTensor(training.images),
  unseenStyles: toTensor(unseen.styles.images),
  unseenTones: toTensor(unseen.tones!.images),
};

it('asks for the recipe’s pairs, each once, without those that are held out', () => {
  const { styles, tones } = unseen;
  const lengths = [training.length, styles.length, tones!.length, reference.captions.length];
  expect(lengths).toEqual([822, 22, 20, 864]);
  expect(new Set(tones!.concepts)).toContain('ok hand light skin tone');
  expect(emojiReference({ categories: ['Smileys & Emotion'] }).unseen.tones).toBeNull();
  expect(loadEmoji({ ...EMOJI_SET, split: 'all' }).concepts).not.toContain('middle finger');
});

describe('figures', () => {
  let judge: CaptionJudge;
  beforeAll(() => {
    judge = CaptionJudge.load(EMOJI_JUDGE);
  });
  afterAll(() => judge.dispose());

  it('real pictures are as good as real ones, and all of them copies', () => {
    const { seen, unseenStyles, unseenTones, frechet } = evaluateEmoji(judge, reference, real);
    expect(seen.ofReal).toBe(1);
    expect(seen.memorisation.drawn).toBe(0);
    expect(seen.memorisation.copies.share).toBe(1);
    expect(seen.memorisation.sameConcept.share).toBe(1);
    expect(unseenStyles.ofReal).toBe(1);
    expect(unseenStyles.memorisation.ratio).toBe(1);
    expect(unseenStyles.memorisation.copies.right).toBe(2); // of 22: 5 % of them lies between the second and the third
    expect(unseenTones!.pairs).toBe(20);
    expect(unseenTones!.ofReal).toBe(1);
    expect(frechet.ratio).toBeCloseTo(1, 6);
    expect(frechet.of).toBe(411);
  });

  it('pictures of another caption are none, pictures of noise are far away', () => {
    const size = 32 * 32 * 3;
    const turned = Float32Array.from(real.seen.data);
    const by = 7 * size; // a hand has six tones
    turned.copyWithin(by, 0);
    turned.set(real.seen.data.subarray(real.seen.data.length - by));
    const noise = new Float32Array(88 * size).map((_, i) => ((i * 7919) % 256) / 255);
    const found = evaluateEmoji(judge, reference, {
      seen: ndarray(turned, real.seen.shape),
      unseenStyles: ndarray(noise, [88, 32, 32, 3]),
    });
    expect(found.seen.drawn.top1.share).toBeLessThan(0.02);
    expect(found.seen.real.top1.share).toBeGreaterThan(0.95);
    expect(found.seen.memorisation.copies.share).toBe(1);
    expect(found.seen.memorisation.sameConcept.share).toBeLessThan(0.1);
    const { unseenStyles } = found;
    expect([unseenStyles.pairs, unseenStyles.drawings]).toEqual([22, 88]);
    expect(found.unseenTones).toBeNull();
    expect(unseenStyles.memorisation.ratio).toBeGreaterThan(1);
    expect(unseenStyles.memorisation.copies.right).toBe(0);
    expect(emojiColumns({ name: 'x', ...found })[1]!['pictures']).toBe(88);
    expect(() => evaluateEmoji(judge, reference, { ...real, seen: real.unseenStyles })).toThrow(
      'expected a multiple of 822 pictures, got 22.',
    );

    const settings = { scheduler: 'ddim', steps: 9, guidanceScale: 2 };
    const recipe = { maxSteps: 900, trainer: { batchSize: 2, seed: 1 } };
    const facts = { recipe, command: 'x', steps: 822 };
    const parts = { unet: 1, text_encoder: 2 };
    const more = { averaged: true, trained: 822, parameters: parts };
    const hashes = { unet: 'a', text_encoder: 'b' };
    const rows = [{ settings, ...found }];
    const card = emojiModelCard({ ...facts, ...more, sha256: hashes, rows, judge: judge.card });
    expect(card).toContain('| ddim, 9 steps, guidance 2 | unseen concept and style | 22 | 88 |');
    expect(card).toContain('kept on the way of a run of 900: each picture some 2 times');
    expect(emojiModelCard({ ...facts, ...more, sha256: hashes, rows: [] })).toContain(
      'Not measured',
    );
  });

  it('shows drawn pictures above their nearest and the real ones', () => {
    const { seen } = evaluateEmoji(judge, reference, real);
    const beside = besideNearest(real.seen, training, reference, seen, 4);
    const data = rowMajor(beside);
    const row = (i: number) => data.slice(i * 4 * 3072, (i + 1) * 4 * 3072);
    expect(beside.shape).toEqual([12, 32, 32, 3]);
    expect(row(1)).toEqual(row(0));
    expect(row(2)).toEqual(row(0));
  });
});

describe('drawCaptions', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'drawn-captions-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const tokenizer = CLIPTokenizer.fromPretrained(EMOJI_TOKENIZER);
  const init = new Generator(1).stream('init');
  const unet = new UNet2DConditionModel(
    {
      sample_size: 32,
      in_channels: 3,
      out_channels: 3,
      layers_per_block: 1,
      block_out_channels: [32, 32],
      down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D'],
      up_block_types: ['CrossAttnUpBlock2D', 'UpBlock2D'],
      cross_attention_dim: 32,
    },
    init,
  );
  const textEncoder = new CLIPTextModel(
    {
      vocab_size: tokenizer.vocabSize,
      hidden_size: 32,
      intermediate_size: 32,
      num_hidden_layers: 1,
      num_attention_heads: 2,
      max_position_embeddings: 16,
    },
    init,
  );
  const scheduler = new DDIMScheduler({});
  const pipeline = new TextToImagePipeline({ unet, textEncoder, tokenizer, scheduler });
  afterAll(() => {
    pipeline.dispose();
    unet.dispose();
    textEncoder.dispose();
  });
  const captions = ['noto emoji of red heart', 'noto emoji of skull', 'noto emoji of alien'];
  const how = { seed: 5, batchSize: 2, numInferenceSteps: 2, folder: path.join(folder, 'a') };
  const drawn = (options: object) =>
    drawCaptions(pipeline as unknown as EmojiPipeline, captions, { ...how, ...options });

  it('goes on after the batches that it kept, to the same pictures', async () => {
    const whole = await drawn({ folder: undefined });
    const stop = new AbortController();
    const onProgress = (share: number) => void (share >= 0.75 && stop.abort());
    await expect(drawn({ signal: stop.signal, onProgress })).rejects.toThrow('aborted');
    expect(existsSync(path.join(how.folder, 'batch-0000.safetensors'))).toBe(true);
    expect(existsSync(path.join(how.folder, 'batch-0001.safetensors'))).toBe(false);
    const again = await drawn({});
    expect(rowMajor(again)).toEqual(rowMajor(whole));
    expect(rowMajor(whole).every((value) => Number.isInteger(Math.fround(value * 255)))).toBe(true);
  });

  it('refuses a folder of other settings, and what is no number of pictures', async () => {
    await expect(drawn({ guidanceScale: 3 })).rejects.toThrow('drawn with other settings');
    await expect(drawn({ batchSize: 0, folder: undefined })).rejects.toThrow('a batchSize of 1');
  });
});
