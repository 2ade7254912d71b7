/**
 * Names of weights' files as transformers and diffusers make them. A model may lie in several variants side by side
 * (`fp16`, `non_ema`), each in one file or in shards with an index:
 *
 *     model.safetensors         model-00001-of-00002.safetensors         model.safetensors.index.json
 *     model.fp16.safetensors    model.fp16-00001-of-00002.safetensors    model.safetensors.index.fp16.json
 */

/** Whether a name is that of weights which are not safetensors: most of these files can run code when they are read. */
export const isPickle = (name: string): boolean => /\.(bin|pt|pth|ckpt|pkl|msgpack|h5)$/.test(name);

/** What the name of a weights' file says. */
export interface WeightName {
  /** `model`, `diffusion_pytorch_model` … */
  readonly stem: string;
  readonly variant: string | undefined;
  readonly part: 'whole' | 'shard' | 'index';
}

const VARIANT = /^[A-Za-z0-9_]+(?:[.-][A-Za-z0-9_]+)*$/;

/** @throws RangeError unless it can stand in a file's name: letters, digits, '_', '-' and '.' */
export function checkVariant(variant: string): void {
  if (typeof variant === 'string' && variant.length <= 50 && VARIANT.test(variant)) return;
  throw new RangeError(
    `expected a variant like 'fp16' (letters, digits, '_', '-', '.'), got ${JSON.stringify(variant)}.`,
  );
}

/** `model.safetensors` as `model.fp16.safetensors`, as both libraries do it. */
export function withVariant(fileName: string, variant: string | undefined): string {
  if (variant === undefined) return fileName;
  checkVariant(variant);
  return fileName.replace(/\.([^.]*)$/, `.${variant}.$1`);
}

/** The names that the index of a file's shards may have, the present one first. */
export function indexNames(fileName: string, variant: string | undefined): string[] {
  const index = `${fileName}.index.json`;
  if (variant === undefined) return [index];
  const before = `${fileName}.${variant}.index.json`; // diffusers before 0.28
  return [withVariant(index, variant), before, `${withVariant(fileName, variant)}.index.json`];
}

/** Stems after which everything is a variant. Other names have dots of their own (`v1.5-pruned.safetensors`). */
const MODEL_STEMS = ['model', 'diffusion_pytorch_model', 'pytorch_model', 'adapter_model'];
const COMMON_VARIANTS = /^(fp16|bf16|fp32|fp8\w*|non_ema|ema)$/;
const SHARD = /-\d{5}-of-\d{5}/;

/** @param name a file's name without its folder @returns undefined if it is none of safetensors weights */
export function parseWeightName(name: string): WeightName | undefined {
  const index = /^(.+)\.safetensors(?:\.([\w.-]+))?\.index\.json$/.exec(name);
  const newIndex = /^(.+)\.safetensors\.index(?:\.([\w.-]+))?\.json$/.exec(name);
  const found = newIndex ?? index;
  if (found?.[1] !== undefined) {
    const { stem, variant } = split(found[1]);
    return { stem, variant: found[2] ?? variant, part: 'index' };
  }
  const body = /^(.+)\.safetensors$/.exec(name)?.[1];
  if (body === undefined) return undefined;
  const { stem, variant } = split(body.replace(SHARD, ''));
  return { stem, variant, part: SHARD.test(body) ? 'shard' : 'whole' };
}

function split(body: string): { stem: string; variant: string | undefined } {
  const known = MODEL_STEMS.find((stem) => body.startsWith(`${stem}.`));
  const dot = known?.length ?? body.lastIndexOf('.');
  const variant = body.slice(dot + 1);
  const isVariant = known === undefined ? COMMON_VARIANTS.test(variant) : VARIANT.test(variant);
  return dot > 0 && isVariant
    ? { stem: body.slice(0, dot), variant }
    : { stem: body, variant: undefined };
}
