import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ndarray from 'ndarray';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import { toTensor } from '../../lib/datasets/transforms';
import { CaptionJudge } from '../../lib/emoji/judge/caption-judge';
import { EMBEDDING } from '../../lib/emoji/judge/network';
import { heldOutRetrieval, judgePictures, realRetrieval } from '../../lib/emoji/judge/pictures';
import { trainCaptionJudge } from '../../lib/emoji/judge/train';
import { EMOJI_SET } from '../../lib/emoji/presets';
import { EMOJI_JUDGE } from '../../lib/emoji/shipped';
import { loadEmoji } from '../../lib/image-datasets/emoji/load-emoji';
import { Judge } from '../../lib/mnist/evaluation/judge';
import { SHIPPED_JUDGE } from '../../lib/mnist/shipped';

const folder = mkdtempSync(path.join(tmpdir(), 'caption-judge-'));
afterAll(() => rmSync(folder, { recursive: true }));

const drawn = loadEmoji(EMOJI_SET);

describe('the judge in checkpoints/emoji-judge', () => {
  let judge: CaptionJudge;
  beforeAll(() => {
    judge = CaptionJudge.load(EMOJI_JUDGE);
  });
  afterAll(() => judge.dispose());

  it('finds the caption of pictures that it has seen, and never by chance', () => {
    const { captions } = loadEmoji({ ...EMOJI_SET, split: 'all' });
    expect(realRetrieval(judge, drawn, captions).top1.share).toBeGreaterThan(0.95);
    const turned = { ...drawn, captionIds: drawn.captionIds.map((id) => (id + 1) % 822) };
    expect(realRetrieval(judge, turned, captions).top1.share).toBeLessThan(0.02);
  });

  it('finds as much in what was held out as its card says', () => {
    const found = heldOutRetrieval(judge);
    const told = judge.card.heldOut!;
    for (const kind of ['unseen-styles', 'unseen-tones'] as const) {
      expect(found[kind].among).toBe(told[kind].among);
      for (const top of ['top1', 'top5'] as const) {
        const off = Math.abs(found[kind][top].right - told[kind][top].right);
        expect(off, `${kind} ${top}`).toBeLessThanOrEqual(2); // other processors round otherwise
      }
    }
  }, 120_000);

  it('is small, and trained on what is not held out', () => {
    expect(statSync(path.join(EMOJI_JUDGE, 'model.safetensors')).size).toBeLessThan(2e6);
    expect(judge.card.trained).toBe(judgePictures().all.length);
  });

  it('says the same of a picture alone and among others, and looks at 8-bit pictures', () => {
    const size = 32 * 32 * 3;
    const three = toTensor(drawn.images).data.slice(0, 3 * size);
    const together = judge.pictures(ndarray(three, [3, 32, 32, 3]));
    const almost = three.slice(0, size).map((value) => Math.min(1, value + 0.0015));
    const alone = judge.pictures(ndarray(almost, [1, 32, 32, 3]));
    expect(alone.features).toBeCloseToMax(together.features.slice(0, EMBEDDING), 1e-5);
  });

  it('refuses other shapes and values, and no captions', () => {
    expect(() => judge.pictures(ndarray(new Float32Array(1024), [1, 32, 32, 1]))).toThrow(
      'expected pictures [N, 32, 32, 3], got [1, 32, 32, 1].',
    );
    const bright = ndarray(new Float32Array(3072).fill(1.5), [1, 32, 32, 3]);
    expect(() => judge.pictures(bright)).toThrow('expected values in [0, 1], got 1.5.');
    expect(() => judge.captions([])).toThrow('expected captions, got none.');
  });

  it('leaks nothing', () => {
    const blank = ndarray(new Float32Array(3072), [1, 32, 32, 3]);
    judge.pictures(blank); // its graph is made once
    expect(() => judge.pictures(blank)).toLeakNothing();
    expect(() => judge.captions(['noto emoji of red heart'])).toLeakNothing();
  });
});

it('refuses weights that are not those of its card, and a judge of digits', () => {
  cpSync(EMOJI_JUDGE, folder, { recursive: true });
  const file = path.join(folder, 'model.safetensors');
  const bytes = readFileSync(file);
  bytes[bytes.length - 1]! ^= 1;
  writeFileSync(file, bytes);
  expect(() => CaptionJudge.load(folder)).toThrow(/expected SHA-256 [0-9a-f]{64} as in judge/);
  expect(() => CaptionJudge.load(SHIPPED_JUDGE)).toThrow('expected a judge of emoji');
  expect(() => Judge.load(EMOJI_JUDGE)).toThrow('expected a judge of digits');
});

it('learns, is saved and loaded, and can be stopped', async () => {
  const pixels = drawn.images.data.slice(0, 48 * 3072);
  const few = {
    images: ndarray(pixels, [48, 32, 32, 3]),
    captionIds: drawn.captionIds.slice(0, 48),
    captions: drawn.captions.slice(0, 48),
    length: 48,
  };
  const data = { all: few, alike: few };
  const judge = await trainCaptionJudge({ epochs: 12, batchSize: 24, maxShift: 0 }, data);
  // By chance 1 of 48.
  expect(realRetrieval(judge, few, few.captions).top1.share).toBeGreaterThan(0.5);
  const card = judge.save(path.join(folder, 'own'));
  const loaded = CaptionJudge.load(path.join(folder, 'own'));
  expect(loaded.card).toEqual(card);
  const [before, after] = [judge, loaded].map((one) => one.pictures(toTensor(few.images)));
  expect(after!.features).toBeCloseToMax(before!.features, 5e-3); // kept in float16
  judge.dispose();
  loaded.dispose();

  const stop = new AbortController();
  const steps: number[] = [];
  const onStep = ({ step }: { step: number }) => {
    steps.push(step);
    if (step === 2) stop.abort();
  };
  const tensors = tf.memory().numTensors;
  const options = { batchSize: 24, signal: stop.signal, onStep };
  await expect(trainCaptionJudge(options, data)).rejects.toThrow('aborted');
  expect(tf.memory().numTensors).toBe(tensors);
  expect(steps).toEqual([1, 2]);
}, 120_000);
