/** Models of which the cache has a part, and what is said of it. */
import { expect } from 'vitest';
import type { SnapshotOptions } from '../../../lib/io/hub';
import { HubError, IncompleteSnapshotError } from '../../../lib/io/hub/errors';
import { cachedSnapshot } from './cached-snapshot';
import { config, weights, type useHub } from './hub-fixture';

export const json = (value: object) => Buffer.from(JSON.stringify(value));

/** A part of a diffusers pipeline: [library, class]. */
const INDEX = json({
  _class_name: 'StableDiffusionPipeline',
  requires_safety_checker: false,
  safety_checker: [null, null],
  scheduler: ['diffusers', 'DDPMScheduler'],
  text_encoder: ['transformers', 'CLIPTextModel'],
  unet: ['diffusers', 'UNet2DConditionModel'],
});
export const pipe = {
  'README.md': Buffer.from('# a pipeline'),
  'model_index.json': INDEX,
  'scheduler/scheduler_config.json': json({}),
  'text_encoder/config.json': config,
  'text_encoder/model.safetensors': weights(4),
  'text_encoder/model.fp16.safetensors': weights(5),
  'unet/config.json': json({ _class_name: 'UNet2DConditionModel' }),
  'unet/diffusion_pytorch_model.safetensors': weights(6),
  'unet/diffusion_pytorch_model.fp16.safetensors': weights(7),
};
export const sharded = {
  'config.json': config,
  'model-00001-of-00002.safetensors': weights(2),
  'model-00002-of-00002.safetensors': weights(3),
  'model.safetensors.index.json': json({
    weight_map: { a: 'model-00001-of-00002.safetensors', b: 'model-00002-of-00002.safetensors' },
  }),
};
/** What is missing, in the error of the whole snapshot offline. */
export async function missingOf(
  hub: ReturnType<typeof useHub>,
  id: string,
  options: SnapshotOptions = {},
): Promise<readonly string[]> {
  const error: unknown = await hub.download(id, { offline: true, ...options }).then(
    () => undefined,
    (e: unknown) => e,
  );
  if (error === undefined) return [];
  expect(error).toBeInstanceOf(IncompleteSnapshotError);
  expect(error).toBeInstanceOf(HubError);
  const { message, missing: files } = error as IncompleteSnapshotError;
  for (const file of files.slice(0, 10)) expect(message).toContain(file);
  expect(message).toMatch(/is incomplete: .* Offline mode is on\. Download the rest once/);
  expect(cachedSnapshot(id, { cacheDir: hub.cacheDir, ...options })).toBeNull();
  return files;
}
