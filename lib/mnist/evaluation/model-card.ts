/** The model card of a model that ships. */
import type { Comparison } from './compare';
import type { JudgeCard } from './judge';
import type { EvaluationSettings } from './measures';
import type { AnyRecipe } from '../recipes';
import { columnsOf } from './report';
import { markdownTable, type ShippedModelFacts } from '../../pretrained/model-card';

export interface ModelFacts extends ShippedModelFacts {
  /** Of the recipe. */
  readonly name: string;
  readonly recipe: AnyRecipe;
  /** Evaluations of these weights; may be none. */
  readonly rows: readonly (Comparison & { readonly settings: EvaluationSettings })[];
  /** What they were measured by; needed if there are any. */
  readonly judge?: Pick<JudgeCard, 'testAccuracy'> | undefined;
  /** Of each weights' file. */
  readonly sha256: { readonly unet: string; readonly text_encoder: string };
}

const COLUMNS = [
  'N',
  'accuracy',
  '95 % interval',
  'worst digit',
  'over real',
  'diversity',
  'recall',
  'coverage',
] as const;

/** For example "ddpm, 50 steps, guidance 1.5". */
function settingOf({ scheduler, steps, guidanceScale, ...rest }: EvaluationSettings): string {
  const more = Object.entries(rest).filter(([key]) => key !== 'spacing');
  return [scheduler, `${steps} steps`, `guidance ${guidanceScale}`]
    .concat(more.map(([key, value]) => `${key} ${JSON.stringify(value)}`))
    .join(', ');
}

/** README.md of a model that ships. */
export function modelCard({
  name,
  recipe,
  command,
  steps,
  averaged,
  rows,
  judge,
  parameters,
  sha256,
}: ModelFacts): string {
  const { batchSize, seed } = recipe.trainer;
  const seen = steps * batchSize;
  const figures = rows.map((row) => {
    const columns = columnsOf({ name: '', ...row });
    const chosen = COLUMNS.map((column) => [column, columns[column]] as const);
    return { sampling: settingOf(row.settings), ...Object.fromEntries(chosen) };
  });
  const measured =
    figures.length === 0
      ? 'Not measured yet: `npm run evaluate -- --checkpoint checkpoints/mnist-text-to-image`.'
      : `As \`npm run evaluate\` measures them, by a judge that reads ${(100 * judge!.testAccuracy).toFixed(2)} % of MNIST's
test images right and has never seen a generated one; distances in its feature space, "over real" against those
between sets of real images of the same number.

${markdownTable(figures)}`;
  return `---
license: mit
library_name: diffusers
pipeline_tag: text-to-image
datasets:
  - ylecun/mnist
tags:
  - mnist
  - diffusion
---

# A small text-to-image diffusion model of MNIST's digits

Draws 28 × 28 grey images for "A handwritten digit 0" to "A handwritten digit 9". Trained by this project in
TypeScript, from random weights; no weights of others are in it.

\`\`\`ts
const parts = sd.loadCheckpoint(sd.SHIPPED_MODEL);
const scheduler = sd.makeSampler('ddpm', parts.scheduler.config);
const pipeline = new sd.TextToImagePipeline({ ...parts, scheduler });
const { images } = await pipeline.generate('A handwritten digit 4', { seed: 422, guidanceScale: 1.1 });
\`\`\`

Recommended are DDPM, 50 steps, and a guidance scale of 1.1. Nearest to real digits are those without guidance; most seldom another
digit than was asked for comes with DDIM and a scale of 1.5. Beware of diffusers' DDIM as it is: with guidance it needs \`use_clipped_model_output=True\` (docs/quality.md, "Why guidance hurt").

In Python, diffusers loads \`unet\` (\`UNet2DConditionModel\`) and \`scheduler\` (\`DDPMScheduler\`), transformers
\`text_encoder\` (\`CLIPTextModel\`) and \`tokenizer\`; there is no VAE. Captions are padded to 8 tokens.

## What it is

| part | what | numbers | SHA-256 of the weights |
| --- | --- | --- | --- |
| unet | the blog's UNet | ${parameters.unet.toLocaleString('en')} | \`${sha256.unet}\` |
| text_encoder | CLIP's text model in small: 2 layers, 512 wide, 1,046 tokens | ${parameters.text_encoder.toLocaleString('en')} | \`${sha256.text_encoder}\` |

\`manifest.json\` has size and SHA-256 of every file; they are compared when the model is loaded. Weights are float32${averaged ? ', the moving average over the training (EMA)' : ''}.

## Training

- Data: MNIST's 60,000 training images, in [−1, 1], as they are; the test images were used for measuring only.
- ${steps.toLocaleString('en')} steps of ${batchSize} images: ${seen.toLocaleString('en')} images, ${(seen / 60_000).toFixed(1)} epochs. Seed ${seed}. On two cores of a CPU.
- The recipe \`${name}\` of \`lib/mnist/recipes.ts\`; one command, which can be stopped and goes on:

\`\`\`sh
${command}
\`\`\`

\`\`\`json
${JSON.stringify(recipe, null, 2)}
\`\`\`

## Figures

${measured}

## Limits

It knows ten captions. Other texts give some digit or none; larger guidance scales make the digits of a kind more
alike, and break the strokes from about 20 on (\`06-guidance-sweep\`).

## Licence

The weights: MIT, as the project. MNIST: Yann LeCun and Corinna Cortes, CC BY-SA 3.0.
`;
}
