import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { DDIMScheduler } from '../../lib/schedulers/ddim';
import { FlowMatchEulerDiscreteScheduler } from '../../lib/schedulers/flow-match-euler-discrete';
import { stateDict } from '../../lib/nn/state-dict';
import { addAdapter, deleteAdapters, setAdapters } from '../../lib/nn/lora/adapters';
import { fuseLora, unfuseLora } from '../../lib/nn/lora/fuse';
import { adapterParameters } from '../../lib/nn/lora/weights';
import { inpaintingUNet } from '../../lib/models/inpainting-unet';
import { parseSafetensors } from '../../lib/io/safetensors';
import { saveWebPage } from '../../lib/page/save-web-page';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { fromLetters, gunzip, split } from '../../lib/web/archive';
import { unpacked } from '../../lib/web/quantized';
import { temporaryFolder } from '../parity/python';
import { tinyParts } from '../support/tiny-model';
import '../support/matchers';

const UNET = 'unet/diffusion_pytorch_model.safetensors';
const place = (name: string) => path.join(temporaryFolder(), name);

/** The files that a single page holds. */
async function heldBy(file: string) {
  const html = fs.readFileSync(file, 'utf8');
  const [, size, letters] = /id="archive" data-size="(\d+)">([^<]*)</.exec(html)!;
  return split(await gunzip(fromLetters(letters!).subarray(0, Number(size))));
}

const weightsIn = (bytes: Uint8Array) => unpacked(parseSafetensors(bytes).tensors, UNET);

describe('saveWebPage', () => {
  it("writes one file with the model's own weights, and leaves nothing in memory", async () => {
    const parts = tinyParts();
    const pipeline = new TextToImagePipeline(parts);
    const file = place('page.html');
    let saved = { path: '', bytes: 0 };
    expect(() => {
      saved = saveWebPage(pipeline, file, { weights: 'float32' });
    }).toLeakNothing();
    expect(saved).toEqual({ path: file, bytes: fs.statSync(file).size });
    const weights = weightsIn((await heldBy(file))[UNET]!);
    const own = stateDict(parts.unet);
    expect([...weights.keys()].sort()).toEqual([...own.keys()].sort());
    for (const [name, { data }] of own) expect(weights.get(name)!.data).toEqual(data);
  });

  it('writes a folder that others may read, and replaces an earlier one', () => {
    const parts = tinyParts();
    const folder = place('site');
    for (let i = 0; i < 2; i++) saveWebPage(parts, folder);
    expect(fs.readdirSync(folder).sort()).toEqual(
      ['README.md', 'engine.wasm', 'index.html', 'model', 'page.css', 'page.js', 'webgl.js', 'webgpu.js', 'worker.js'], // prettier-ignore
    );
    expect(fs.statSync(path.join(folder, 'model')).mode & 0o005).toBe(0o005);
    // int8: off by half a step of each row's scale at most
    const weights = weightsIn(fs.readFileSync(path.join(folder, 'model', UNET)));
    for (const [name, { shape, data }] of stateDict(parts.unet)) {
      if (shape.length < 2) continue;
      const width = data.length / shape[0]!;
      data.forEach((x, i) => {
        const from = Math.floor(i / width) * width;
        const top = data.subarray(from, from + width).reduce((a, b) => Math.max(a, Math.abs(b)), 0);
        expect(Math.abs(weights.get(name)!.data[i]! - x)).toBeLessThanOrEqual(top / 253);
      });
    }
  });

  it('puts fused adapters into the page, and refuses those beside the weights', async () => {
    const parts = tinyParts();
    addAdapter(parts.unet, { r: 2, targetModules: ['to_q'], initLoraWeights: 'gaussian' }, 'thick');
    const b = [...adapterParameters(parts.unet, 'thick')].find(([name]) => /lora_B/.test(name))!;
    b[1].assign(b[1].add(0.5));
    const file = place('page.html');
    expect(() => saveWebPage(parts, file)).toThrow(/^saveWebPage: .*got thick beside them\. sd\.fuseLora/); // prettier-ignore
    expect(fs.existsSync(file)).toBe(false);
    setAdapters(parts.unet, []);
    saveWebPage(parts, file, { weights: 'float32' });
    const without = weightsIn((await heldBy(file))[UNET]!);
    setAdapters(parts.unet, ['thick']);
    fuseLora(parts.unet);
    saveWebPage(parts, file, { weights: 'float32' });
    const fused = weightsIn((await heldBy(file))[UNET]!);
    const changed = [...fused].filter(([name, { data }]) =>
      data.some((x, i) => x !== without.get(name)!.data[i]),
    );
    expect(changed.map(([name]) => name)).toEqual([expect.stringMatching(/to_q\.weight$/)]);
    unfuseLora(parts.unet);
    deleteAdapters(parts.unet, ['thick']);
  });

  it('takes any sampler over betas', async () => {
    const parts = tinyParts();
    const scheduler = DDIMScheduler.fromConfig(parts.scheduler.config);
    const file = place('page.html');
    saveWebPage({ ...parts, scheduler }, file);
    const index = Buffer.from((await heldBy(file))['model_index.json']!).toString();
    expect((JSON.parse(index) as Record<string, unknown>)['scheduler']).toEqual(['diffusers', 'DDIMScheduler']); // prettier-ignore
  });
});

describe('saveWebPage refuses', () => {
  const parts = tinyParts();
  const flow = new FlowMatchEulerDiscreteScheduler();
  const codec = { latentShape: () => [1, 1, 1] } as never;
  it.each<[string, object, RegExp]>([
    ['what is no pipeline', [], /expected a TextToImagePipeline/],
    ['a part that is missing', { ...parts, unet: null }, /got none of unet/],
    ['a part of another class', { ...parts, textEncoder: {} }, /textEncoder to be a CLIPTextModel, got \{\}/], // prettier-ignore
    ['flow matching', { ...parts, scheduler: flow }, /over betas, got one of flow matching/],
    ['inpainting', { ...parts, unet: inpaintingUNet(parts.unet) }, /got one for inpainting/],
    ['another codec', { ...parts, codec }, /diffuses pixels/],
  ])('%s', (_, given, says) => {
    expect(() => saveWebPage(given as never, place('page.html'))).toThrow(says);
  });

  it('an option that there is not, and weights of another kind', () => {
    const options = { weight: 'int8', weights: 'int4' } as object;
    expect(() => saveWebPage(parts, place('page.html'), options)).toThrow(
      /weight: unknown option \(known: weights\); weights: expected one of float16, int8, float32, got "int4"/,
    );
    expect(() => saveWebPage(parts, '')).toThrow(/ends with \.html, or a folder's, got ""/);
  });

  it('a folder of something else, which stays', () => {
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, 'thesis.tex'), 'x');
    expect(() => saveWebPage(parts, folder)).toThrow(/holds something else/);
    expect(fs.readdirSync(folder)).toEqual(['thesis.tex']);
  });
});
