/** The model card of the model of emoji that ships. */
import type { Share } from '../../metrics/wilson';
import type { CaptionJudgeCard } from '../judge/caption-judge';
import type { EmojiEvaluation } from './evaluate-emoji';
import { emojiColumns, kindsOf } from './report';
import { markdownTable, type ShippedModelFacts } from '../../pretrained/model-card';

/** How pictures were drawn; other keys are options of `generate` and of the scheduler. */
export interface EmojiSettings {
  readonly scheduler: string;
  readonly steps: number;
  readonly guidanceScale: number;
  readonly [option: string]: unknown;
}

export interface EmojiModelFacts extends ShippedModelFacts {
  readonly recipe: {
    readonly maxSteps: number;
    readonly trainer: { readonly batchSize: number; readonly seed: number };
  };
  /** Pictures that it was trained on. */
  readonly trained: number;
  /** Evaluations of these weights; may be none. */
  readonly rows: readonly (EmojiEvaluation & { readonly settings: EmojiSettings })[];
  /** What they were measured by; needed if there are any. */
  readonly judge?: Pick<CaptionJudgeCard, 'heldOut'> | undefined;
  /** Of each weights' file. */
  readonly sha256: { readonly unet: string; readonly text_encoder: string };
}

const settingOf = ({ scheduler, steps, guidanceScale }: EmojiSettings) =>
  `${scheduler}, ${steps} steps, guidance ${guidanceScale}`;

const percent = ({ share, right, of }: Share) =>
  `${(100 * share).toFixed(0)} % (${right} of ${of})`;

function judgeText(heldOut: CaptionJudgeCard['heldOut']): string {
  if (heldOut === undefined) return '';
  const { 'unseen-styles': styles, 'unseen-tones': tones } = heldOut;
  return `The judge itself was trained on real pictures only. Of real ones that it was not trained on it finds the caption first in
${percent(styles.top1)} among ${styles.among.toLocaleString('en')} where the style of a concept was held out, and in ${percent(tones.top1)} among
${tones.among.toLocaleString('en')} where the tone of skin of a figure was; among its first five in ${percent(styles.top5)} and ${percent(tones.top5)}.`;
}

function measured({ rows, judge }: EmojiModelFacts): string {
  if (rows.length === 0) {
    return 'Not measured yet: `npm run evaluate -- --data emoji --checkpoint checkpoints/emoji-text-to-image`.';
  }
  const table = rows.flatMap((row) => emojiColumns({ name: settingOf(row.settings), ...row }));
  const [first] = rows;
  const [seen, ...unseen] = kindsOf(first!).map(([, figures]) => figures);
  const pairs = unseen.map((figures) => figures.pairs).join(' and ');
  const times = unseen[0]!.drawings / unseen[0]!.pairs;
  const { drawn, heldOut } = seen!.memorisation;
  const { real, of, splits } = first!.frechet;
  return `As \`npm run evaluate -- --data emoji\` measures them. "top 1": the caption that was asked for is, of all ${seen!.drawn.among}, the
one that fits the picture best by the judge of \`checkpoints/emoji-judge\`, with Wilson's 95 % interval over the pictures; "of real": over what
the real pictures of the same captions get. "Fréchet over real": the distance of ${of} drawn pictures to ${of} real ones of
other captions, over that of as many real ones (${real.toFixed(2)}), mean of ${splits} splits. Of the ${pairs} pairs that were held out
${times} pictures each were drawn; pictures of a pair are alike, so that the interval is too narrow.

${markdownTable(table)}

${judgeText(judge?.heldOut)}

**Memorised?** It has seen each pair as one picture: the better it learns, the nearer it comes to that one. The nearest training picture is ${drawn.toFixed(3)} away (median of the
root of the mean square over all pixels, of 1), a real picture that was held out ${heldOut.toFixed(3)} ("distance over held-out": their ratio).
"copies" are nearer to a training picture than 95 % of those real ones; "nearest is of the concept": the nearest training picture shows what was
asked for, in whatever style and tone. What it draws of a pair that it has not seen is new only as far as that pair goes.`;
}

/** README.md of the model that ships. */
export function emojiModelCard(facts: EmojiModelFacts): string {
  const { recipe, command, steps, averaged, trained, parameters, sha256 } = facts;
  const { batchSize, seed } = recipe.trainer;
  const seen = steps * batchSize;
  const ofRun =
    steps < recipe.maxSteps
      ? `, kept on the way of a run of ${recipe.maxSteps.toLocaleString('en')}`
      : '';
  return `---
license: mit
library_name: diffusers
pipeline_tag: text-to-image
tags:
  - emoji
  - diffusion
---

# A small text-to-image diffusion model of emoji

Draws faces, cats, monkeys, hearts and hands, 32 × 32 in colour, in three styles: "noto emoji of grinning face", "twitter emoji of red heart",
"fluent emoji of waving hand dark skin tone". Trained by this project in TypeScript, from random weights; no weights of others are in it.

\`\`\`ts
const parts = sd.loadCheckpoint(sd.EMOJI_MODEL);
const scheduler = sd.makeSampler('sde-dpm-solver++', parts.scheduler.config);
const pipeline = new sd.TextToImagePipeline({ ...parts, scheduler });
const { images } = await pipeline.generate('noto emoji of grinning face', { seed: 1, guidanceScale: 2, numInferenceSteps: 20 });
\`\`\`

In Python, diffusers loads \`unet\` (\`UNet2DConditionModel\`) and \`scheduler\` (\`DDPMScheduler\`), transformers
\`text_encoder\` (\`CLIPTextModel\`) and \`tokenizer\`; there is no VAE. Captions are padded to 20 tokens.

## What it is

| part | numbers | SHA-256 of the weights |
| --- | --- | --- |
| unet | ${parameters.unet.toLocaleString('en')} | \`${sha256.unet}\` |
| text_encoder | ${parameters.text_encoder.toLocaleString('en')} | \`${sha256.text_encoder}\` |

\`manifest.json\` has size and SHA-256 of every file; they are compared when the model is loaded. Weights are float16${
    averaged ? ', the moving average over the training (EMA)' : ''
  }.

## Training

- Data: ${trained} pictures of \`loadEmoji\`, each with one caption, on white; pairs of concept and style, and of hand and tone of skin, that are held out were used for measuring only.
- ${steps.toLocaleString('en')} steps of ${batchSize} pictures${ofRun}: each picture some ${Math.round(seen / trained)} times. Seed ${seed}. On two cores of a CPU.
- The recipe \`emoji\` of \`lib/mnist/recipes.ts\`; one command, which can be stopped and goes on:

\`\`\`sh
${command}
\`\`\`

\`\`\`json
${JSON.stringify(recipe, null, 2)}
\`\`\`

## Figures

${measured(facts)}

## Limits

It knows the words of ${trained} captions. "A purple dragon" gives parts of what it knows, of hands and hearts: neither dragons nor words for parts are known
(\`20-text-to-emoji\` shows it). Pictures have 32 × 32 pixels, on white.

## Licences

The weights: MIT, as the project. The drawings that it was trained on, drawn as pixels on white, and named wherever pictures of this model are
shown that come close to them:

- Twemoji: graphics by Twitter, Inc and other contributors, [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/).
- Noto Emoji: Google, Apache License 2.0 (\`LICENSE-APACHE-2.0\`).
- Fluent Emoji: Copyright (c) Microsoft Corporation, MIT License (\`LICENSE-MIT\`).
`;
}
