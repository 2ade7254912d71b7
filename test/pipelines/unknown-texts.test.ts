/** Texts that the model never learnt are said, in one line, once; nothing is said where nobody knows what it learnt. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { noteCaptions } from '../../lib/conditioning/learnt-captions';
import { runFunctionsEagerly } from '../../lib/jit';
import { DIGIT_CAPTIONS } from '../../lib/mnist/captions';
import { SHIPPED_MODEL, SMALL_TOKENIZER } from '../../lib/mnist/shipped';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { TextToImagePipeline } from '../../lib/pipelines/text-to-image';
import { loadCheckpoint } from '../../lib/pretrained/checkpoint';
import { saveTraining } from '../../lib/training/checkpoints';
import { disposeTrainers, tinyTrainer } from '../training/tiny-trainer';
import { temporaryRoot } from '../support/temporary';
import { tinyParts } from '../support/tiny-model';

const folder = mkdtempSync(path.join(temporaryRoot, 'unknown-texts-'));
let parts: ReturnType<typeof tinyParts>;
let pipeline: TextToImagePipeline;
beforeAll(() => runFunctionsEagerly(true));
beforeEach(() => {
  parts = tinyParts(3);
  const tokenizer = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER, { modelMaxLength: 8 });
  pipeline = new TextToImagePipeline({ ...parts, tokenizer });
});
afterEach(() => {
  pipeline.dispose();
  parts.unet.dispose();
  parts.textEncoder.dispose();
  disposeTrainers();
});
afterAll(() => {
  runFunctionsEagerly(false);
  rmSync(folder, { recursive: true });
});

/** What is said of prompts. */
async function told(prompt: string | string[], options: object = {}, of = pipeline) {
  const lines: string[] = [];
  const onWarning = (line: string) => void lines.push(line);
  const settings = { seed: 1, numInferenceSteps: 1, size: [8, 8] as const, onWarning, ...options };
  await of.generate(prompt, settings);
  for (const line of lines) expect(line).not.toContain('\n');
  return lines;
}
const unseenIn = (line: string | undefined) =>
  /it never saw (.*), and may draw/.exec(line ?? '')?.[1];

describe('a model of the ten digits', () => {
  beforeEach(() => noteCaptions(parts.unet, DIGIT_CAPTIONS));

  it.each([...DIGIT_CAPTIONS, 'a handwritten digit 4', 'A  Handwritten\tDIGIT 4 ', '', '   '])(
    'knows %j',
    async (prompt) => {
      expect(await told(prompt)).toEqual([]);
    },
  );

  it.each([
    ['a handwritten seven', '"seven"'],
    ['a cat', '"cat"'],
    ['12', '"12"'],
    ['A handwritten digit 12', '"12"'],
    ['😀', '"😀"'],
    ['a digit 😀', '"😀"'],
    ['sieben', '"sieben"'],
    ['A handwritten letter A', '"letter"'],
    ['digit no. 4', '"no", "."'],
    ['seven, seven', '"seven", ","'],
    ['四', '"四"'],
    ['e\u0301', '"e\u0301"'],
    ['4.5', '".", "5"'.replace(', "5"', '')],
    ['<b>', '"<", "b", ">"'],
    ['"', '"\\""'],
    ['a b c d e f', '"b", "c", "d", "e", "f"'],
    ['b c d e f g', '"b", "c", "d", "e", "f" and 1 more'],
  ])('never saw something of %j', async (prompt, unseen) => {
    const lines = await told(prompt);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('is not any of the 10 captions that the model was trained with');
    expect(lines[0]).toContain('It knows texts such as "A handwritten digit 0".');
    expect(unseenIn(lines[0])).toBe(unseen);
  });

  it.each(['7', 'digit', 'A handwritten digit', '4 digit handwritten a', 'handwritten 7'])(
    'saw each word of %j, but not together',
    async (prompt) => {
      const lines = await told(prompt);
      expect(lines).toEqual([expect.stringMatching(/with: it may draw anything\./)]);
    },
  );

  it('is told once of a prompt, whatever draws it how often', async () => {
    expect(await told(['a cat', 'a cat', 'a dog'], { numImagesPerPrompt: 2 })).toHaveLength(2);
    expect(await told('a cat', { guidanceScale: 3 })).toEqual([]);
    const { promptEmbeds } = pipeline.encodePrompt('a cat');
    promptEmbeds.dispose();
  });

  it('is told of a negative prompt that counts', async () => {
    const negativePrompt = 'blurry';
    expect(await told(DIGIT_CAPTIONS[0]!, { negativePrompt })).toEqual([]);
    const lines = await told(DIGIT_CAPTIONS[0]!, { negativePrompt, guidanceScale: 2 });
    expect(lines.map(unseenIn)).toEqual(['"blurry"']);
  });

  it('says of one that is cut what was cut, and only that', async () => {
    const lines = await told('A very nicely drawn handwritten digit 4');
    expect(lines).toEqual([expect.stringMatching(/^The following part of your input was trunc/)]);
  });

  it('quotes the beginning of a long text', async () => {
    const [line] = await told('x'.repeat(5), {});
    expect(line).toContain('"xxxxx"');
    const wide = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER, { modelMaxLength: 77 });
    const other = new TextToImagePipeline({ ...parts, tokenizer: wide });
    const [long] = await told('ab '.repeat(30), {}, other);
    other.dispose();
    expect(long).toContain('ab …"'.slice(-2));
    expect(long!.length).toBeLessThan(300);
  });
});

describe('what is known', () => {
  it('is nothing of models from elsewhere: nothing is said', async () => {
    expect(await told(['a cat', '12', '😀'])).toEqual([]);
  });

  it("is a training's captions, with its length, and goes with the checkpoint", async () => {
    const trainer = tinyTrainer({ maxLength: 16 });
    await trainer.fit({ maxSteps: 1 });
    const { unet, textEncoder, tokenizer, noiseScheduler } = trainer.objective;
    const own = new TextToImagePipeline({
      unet,
      textEncoder,
      tokenizer: tokenizer as CLIPTokenizer,
      scheduler: noiseScheduler,
    });
    const long = 'A very nicely drawn handwritten digit 4';
    expect((await told([long, 'A handwritten digit 4'], {}, own)).map(unseenIn)).toEqual([
      '"very", "nicely", "drawn"', // not cut: 16 tokens are enough
    ]);
    own.dispose();
    const saved = saveTraining(path.join(folder, 'run'), trainer);
    const loaded = TextToImagePipeline.fromPretrained(saved);
    expect(loaded.tokenizer.modelMaxLength).toBe(16);
    expect(await told('a cat', {}, loaded)).toHaveLength(1);
    loaded.savePretrained(path.join(folder, 'copy'));
    loaded.dispose();
    const { unet: copy, textEncoder: text, ...rest } = loadCheckpoint(path.join(folder, 'copy'));
    const again = new TextToImagePipeline({ unet: copy, textEncoder: text, ...rest });
    expect(await told(['a cat', 'A handwritten digit 9'], {}, again)).toHaveLength(1);
    copy.dispose();
    text.dispose();
    const file = path.join(folder, 'copy', 'captions.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(DIGIT_CAPTIONS);
    for (const text of ['{', '{"a": 1}', '[1, 2]', 'null']) {
      writeFileSync(file, text);
      const silent = TextToImagePipeline.fromPretrained(path.join(folder, 'copy'));
      expect(await told('a cat', {}, silent), text).toEqual([]);
      silent.dispose();
    }
  });

  it('grows by further trainings of the same model', async () => {
    noteCaptions(parts.unet, DIGIT_CAPTIONS);
    noteCaptions(parts.unet, ['a cat']);
    expect(await told(['a cat', 'A handwritten digit 3'])).toEqual([]);
    expect((await told('a dog')).map(unseenIn)).toEqual(['"dog"']);
  });

  it('of very many captions is their words: they may be put together anew', async () => {
    const colours = [
      'red',
      'green',
      'blue',
      'pink',
      'grey',
      'gold',
      'white',
      'brown',
      'black',
      'teal',
    ];
    const captions = colours.flatMap((c) => DIGIT_CAPTIONS.map((d) => `${d} in ${c}`));
    noteCaptions(parts.unet, [...captions, 'one']);
    expect(await told('red digit 4')).toEqual([]);
    expect((await told('violet digit 4')).map(unseenIn)).toEqual(['"violet"']);
  });

  it('is known of the model that ships', async () => {
    const shipped = TextToImagePipeline.fromPretrained(SHIPPED_MODEL);
    expect(await told([...DIGIT_CAPTIONS], {}, shipped)).toEqual([]);
    expect((await told('a handwritten seven', {}, shipped)).map(unseenIn)).toEqual(['"seven"']);
    const [cut, ...none] = await told('a cat on the moon', {}, shipped); // of 8 tokens, both in one line
    expect(none).toEqual([]);
    expect(cut).toMatch(/was truncated .*it never saw "cat", "on", "the", "moon", and may draw/);
    shipped.dispose();
  });
});
