/** `fromPretrained` of a model id: what is read must be in the hub's cache, and what is missing there is named. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { IncompleteSnapshotError } from '../../lib/io/hub/errors';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { localFolder } from '../../lib/pretrained/model-files';
import { useHub } from '../io/hub/hub-fixture';
import { COMMIT } from '../io/hub/hub-server';
import { tinyParts } from '../support/tiny-model';

const saved = mkdtempSync(path.join(tmpdir(), 'from-hub-'));
const parts = tinyParts(5);
new TextToImagePipeline(parts).savePretrained(saved);
afterAll(() => {
  parts.unet.dispose();
  parts.textEncoder.dispose();
  rmSync(saved, { recursive: true });
});

const filesOf = (folder: string): Record<string, Buffer> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(path.join(folder, name)).isFile())
      .map((name) => [name, readFileSync(path.join(folder, name))]),
  );
const text = filesOf(path.join(saved, 'text_encoder'));
const hub = useHub({
  'owner/pipe': { files: filesOf(saved) },
  'owner/text': { files: { ...text, ...filesOf(path.join(saved, 'tokenizer')) } },
  'owner/both': { files: { ...text, 'model.fp16.safetensors': text['model.safetensors']! } },
  'owner/half': {
    files: {
      'config.json': text['config.json']!,
      'model.fp16.safetensors': text['model.safetensors']!,
    },
  },
});

/** The error of a call that must fail. */
function failure(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('expected an error');
}

it('a pipeline that is there whole', async () => {
  await hub.download('owner/pipe');
  TextToImagePipeline.fromPretrained('owner/pipe').dispose();
});

it('a pipeline of which only the UNet is there', async () => {
  const snapshot = await hub.download('owner/pipe', { subfolder: 'unet' });
  const error = failure(() => TextToImagePipeline.fromPretrained('owner/pipe'));
  expect(error).toBeInstanceOf(IncompleteSnapshotError);
  expect((error as IncompleteSnapshotError).snapshotPath).toBe(snapshot);
  expect((error as IncompleteSnapshotError).missing).toContain('text_encoder/model.safetensors');
  expect((error as IncompleteSnapshotError).missing).toContain('model_index.json');
  expect(error.message).toMatch(
    /is incomplete: .*text_encoder\/config\.json.* Download the rest first: await sd\.snapshotDownload\('owner\/pipe'\)/,
  );
  expect(failure(() => localFolder('owner/pipe')).message).toBe(error.message);
  expect(failure(() => CLIPTextModel.fromPretrained('owner/pipe')).message).toBe(error.message);
  UNet2DConditionModel.fromPretrained(path.join(snapshot, 'unet')).dispose();
  const beside = failure(() => CLIPTextModel.fromPretrained(path.join(snapshot, 'text_encoder')));
  expect(beside.message).toMatch(
    /config\.json: no such file\. The hub's cache has only a part of owner\/pipe, .*await sd\.snapshotDownload\('owner\/pipe'\)/,
  );
});

it('one model needs its own files only, as in transformers', async () => {
  await hub.download('owner/text');
  const snapshot = path.join(hub.root('owner/text'), 'snapshots', COMMIT);
  for (const name of readdirSync(snapshot))
    if (!name.startsWith('tok')) rmSync(path.join(snapshot, name));
  CLIPTokenizer.fromPretrained('owner/text');
  expect(failure(() => CLIPTextModel.fromPretrained('owner/text')).message).toMatch(
    /is incomplete: 2 files are missing \(config\.json, model\.safetensors\)/,
  );
  rmSync(path.join(hub.root('owner/text'), 'trees'), { recursive: true }); // as Python left it before 2.4
  CLIPTokenizer.fromPretrained('owner/text');
  await hub.download('owner/text');
  rmSync(path.join(snapshot, 'tokenizer.json'));
  CLIPTextModel.fromPretrained('owner/text').dispose();
  expect(failure(() => CLIPTokenizer.fromPretrained('owner/text')).message).toMatch(
    /is incomplete: 1 file is missing \(tokenizer\.json\)/,
  );
});

it('the config alone, as Python leaves it that has looked at it', async () => {
  const snapshot = await hub.download('owner/text');
  rmSync(path.join(hub.root('owner/text'), 'trees'), { recursive: true });
  for (const name of readdirSync(snapshot))
    if (name !== 'config.json') rmSync(path.join(snapshot, name));
  expect(failure(() => CLIPTextModel.fromPretrained('owner/text')).message).toMatch(
    /is incomplete: 1 file is missing \(model\.safetensors\)/,
  );
});

it('a variant is there, or the other', async () => {
  await hub.download('owner/both', { variant: 'fp16' });
  CLIPTextModel.fromPretrained('owner/both', { variant: 'fp16' }).dispose();
  expect(failure(() => CLIPTextModel.fromPretrained('owner/both')).message).toMatch(
    /is incomplete: 1 file is missing \(model\.safetensors\)/,
  );
  await hub.download('owner/half', { variant: 'fp16' });
  CLIPTextModel.fromPretrained('owner/half', { variant: 'fp16' }).dispose();
  expect(failure(() => CLIPTextModel.fromPretrained('owner/half')).message).toMatch(
    /found only model\.fp16\.safetensors\. Pass the option \{ variant: 'fp16' \}/,
  );
});

it('nothing is there', () => {
  expect(
    failure(() => CLIPTextModel.fromPretrained('owner/none', { variant: 'fp16' })).message,
  ).toMatch(
    /no such folder, and no model .* await sd\.snapshotDownload\('owner\/none', \{ variant: 'fp16' \}\)/,
  );
});
