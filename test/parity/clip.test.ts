import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tf } from '../../lib/backend';
import type { CLIPTextConfig } from '../../lib/models/clip-text-config';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { CLIPTokenizer } from '../../lib/models/clip-tokenizer';
import { SMALL_TEXT_CONFIG } from '../../lib/mnist/presets';
import { SMALL_TOKENIZER } from '../../lib/mnist/shipped';
import { Generator } from '../../lib/random';
import {
  MINUTES_10,
  perturb,
  readTensors,
  runPython,
  temporaryFolder,
  writeJson,
  writeTensors,
} from './python';

const TEXTS = ['', 'A handwritten digit 4', 'a photo of a cat, on a mat; and more than fits'];

interface Case {
  readonly config: Partial<CLIPTextConfig>;
  readonly tokenizer: CLIPTokenizer;
  readonly maxLength: number;
}

const small = CLIPTokenizer.fromPretrained(SMALL_TOKENIZER);
const CASES: Record<string, Case> = {
  // openai/clip-vit-base-patch32 in full: 63,165,952 parameters.
  full: { config: {}, tokenizer: CLIPTokenizer.fromPretrained(), maxLength: 8 },
  'the blog without CLIP': { config: SMALL_TEXT_CONFIG, tokenizer: small, maxLength: 77 },
  small: {
    config: {
      hidden_size: 24,
      intermediate_size: 40,
      num_hidden_layers: 2,
      num_attention_heads: 3,
      hidden_act: 'gelu',
      layer_norm_eps: 1e-6,
    },
    tokenizer: CLIPTokenizer.fromPretrained(),
    maxLength: 10,
  },
};

const folder = temporaryFolder();
const names = Object.keys(CASES);

function idsOf({ tokenizer, maxLength }: Case): tf.Tensor2D {
  const { input_ids, shape } = tokenizer.encode(TEXTS, { maxLength });
  return tf.tensor2d(input_ids, [...shape], 'int32');
}

function outputsOf(model: CLIPTextModel, name: string) {
  return tf.tidy(() => {
    const { last_hidden_state, pooler_output } = model.forward(idsOf(CASES[name]!));
    return {
      hidden: last_hidden_state.dataSync<'float32'>(),
      pooled: pooler_output.dataSync<'float32'>(),
    };
  });
}

function expectAs(outputs: ReturnType<typeof outputsOf>, name: string, whose: string): void {
  const expected = readTensors(path.join(folder, `${name}.out.safetensors`));
  for (const key of ['hidden', 'pooled'] as const) {
    expect(outputs[key], key).toBeCloseToMax(expected.get(`${whose}.${key}`)!.data, 2e-5);
  }
}

const ourOutputs = new Map<string, ReturnType<typeof outputsOf>>();

beforeAll(() => {
  for (const [seed, name] of names.entries()) {
    const model = new CLIPTextModel(CASES[name]!.config, new Generator(seed).stream('init'));
    perturb(model, seed);
    model.savePretrained(path.join(folder, 'ours', name));
    ourOutputs.set(name, outputsOf(model, name));
    model.dispose();
  }
  tf.tidy(() => {
    const ids = names.map((name) => [name, idsOf(CASES[name]!)] as const);
    writeTensors(path.join(folder, 'ids.safetensors'), Object.fromEntries(ids));
  });
  const configs = names.map((name) => [name, CASES[name]!.config] as const);
  writeJson(path.join(folder, 'cases.json'), Object.fromEntries(configs));
  runPython('clip.py', folder);
}, MINUTES_10);

it.each(names)('transformers loads our model and gives the same outputs: %s', (name) => {
  expectAs(ourOutputs.get(name)!, name, 'ours');
});

it.each(names)("we load transformers' model and give the same outputs: %s", (name) => {
  const model = CLIPTextModel.fromPretrained(path.join(folder, 'theirs', name));
  expectAs(outputsOf(model, name), name, 'theirs');
  model.dispose();
});

describe('we load checkpoints of other makings', () => {
  it('names that begin with text_model., as older versions saved them', () => {
    const model = CLIPTextModel.fromPretrained(path.join(folder, 'theirs', 'prefixed'));
    expectAs(outputsOf(model, 'small'), 'small', 'theirs');
    model.dispose();
  });

  it('the text part of a joint CLIPModel, with the token ids of its old config', () => {
    const model = CLIPTextModel.fromPretrained(path.join(folder, 'theirs', 'joint'));
    expect(model.config.eos_token_id).toBe(2);
    expectAs(outputsOf(model, 'small'), 'joint', 'theirs');
    model.dispose();
  });
});
