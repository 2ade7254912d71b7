// What is compared. Each case is a task for either side, and how the two should stand.
//
// A training's `text` is where the conditioning comes from:
//   given      embeddings of the captions, computed before
//   encode     as the blog writes it: every caption of the batch through CLIP in each step. Its
//              gradients are computed, too, but CLIP is not in the optimizer
//   frozen     the same training without that work: each distinct caption encoded once for all
//   fine-tune  CLIP is in the optimizer; ours encodes each distinct caption once a step and gathers,
//              which has the same gradient

/** Images at once: 128 take 3 % less time and 0.8 GB more (docs/performance.md). */
const MICRO_BATCH = 64;

// A peer with `eager` is our own code op by op, with tfjs's ops alone (plain) or with the fused ones.

const train = (batch, text, more = {}) => ({
  kind: 'train',
  batch,
  microBatch: Math.min(batch, MICRO_BATCH),
  text,
  ...more,
});

/** Ours in mixed precision. The peer takes what is faster on this machine, float32 or its own bfloat16 autocast. */
const mixed = ({ name, title, peer, ours, ...more }) => ({
  name: `${name}-bf16`,
  title: `${title}, bfloat16 against the peer's faster`,
  peer: { ...peer, precision: 'faster' },
  ours: { ...ours, mixedPrecision: 'bf16' },
  ...more,
});

/** @typedef {{ name: string, title: string, peer: object, ours: object, faster?: number, memory?: number }} Case */

const sample = (images, steps, guidance) => ({ kind: 'sample', images, steps, guidance });

/** @type {Case[]} `faster`: times, at least; `memory`: share of the peer's, at most. */
const inFloat32 = [
  {
    name: 'unet-64',
    title: 'UNet train step, batch 64',
    peer: train(64, 'given'),
    ours: train(64, 'given'),
    faster: 1.5,
  },
  {
    name: 'unet-512',
    title: 'UNet train step, batch 512',
    peer: train(512, 'given'),
    ours: train(512, 'given'),
    faster: 2,
  },
  {
    name: 'loop-512',
    title: "the blog's loop, batch 512, against captions encoded once",
    peer: train(512, 'encode'),
    ours: train(512, 'frozen'),
    faster: 3.5,
    memory: 1 / 4,
  },
  {
    name: 'fine-tune-64',
    title: 'UNet and full-size CLIP trained, batch 64',
    peer: train(64, 'fine-tune'),
    ours: train(64, 'fine-tune'),
    faster: 2,
  },
  {
    name: 'sample-16',
    title: 'sampling 16 images, 50 steps, guidance 8',
    peer: sample(16, 50, 8),
    ours: sample(16, 50, 8),
    faster: 1.5,
  },
  {
    name: 'sample-1',
    title: 'one image, 20 steps, no guidance',
    peer: sample(1, 20, 1),
    ours: sample(1, 20, 1),
  },
  {
    name: 'eager-64',
    title: 'UNet train step, batch 64, against eager tfjs (its own ops)',
    peer: train(64, 'given', { eager: 'plain' }),
    ours: train(64, 'given'),
    faster: 2,
    memory: 1 / 3,
  },
  {
    name: 'eager-fused-64',
    title: 'the same, against eager tfjs with our fused ops',
    peer: train(64, 'given', { eager: 'fused' }),
    ours: train(64, 'given'),
    faster: 2,
  },
];

const MIXED = ['unet-64', 'unet-512', 'loop-512', 'sample-16', 'sample-1'];

export const cases = [
  ...inFloat32,
  ...inFloat32.filter(({ name }) => MIXED.includes(name)).map(mixed),
];

/** Cost against batch size, and against width at batch 64. */
export const sweep = {
  batches: [8, 16, 32, 64, 128, 256, 512].map((batch) => ({
    x: batch,
    width: 1,
    peer: train(batch, 'given'),
    ours: train(batch, 'given'),
  })),
  widths: [1, 2, 4].map((width) => ({
    x: width,
    width,
    peer: train(64, 'given'),
    ours: train(64, 'given'),
  })),
};
