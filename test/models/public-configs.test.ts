import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, test } from 'vitest';
import { clipTextConfig, type CLIPTextConfig } from '../../lib/models/clip-text-config';
import { CLIPTextModel } from '../../lib/models/clip-text-model';
import { unet2DConditionConfig } from '../../lib/models/unet-2d-condition-config';
import { Generator } from '../../lib/random';
import { TINY_TEXT, TINY_UNET } from '../support/tiny-configs';

type Json = Record<string, unknown>;
const folder = path.join(__dirname, '..', 'fixtures', 'public-configs');
const tableOf = (kind: string) =>
  JSON.parse(readFileSync(path.join(folder, `${kind}.json`), 'utf8')) as Record<
    string,
    { readonly keys: Json }
  >;
const read = (kind: string, name: string) => tableOf(kind)[name]!.keys;

const scratch = mkdtempSync(path.join(tmpdir(), 'configs-'));
afterAll(() => rmSync(scratch, { recursive: true }));

describe('public CLIP text encoders', () => {
  test.each<[string, Partial<CLIPTextConfig>]>([
    [
      'clip-vit-base-patch32',
      { hidden_size: 512, num_attention_heads: 8, hidden_act: 'quick_gelu', projection_dim: 512 },
    ],
    [
      'clip-vit-large-patch14',
      { hidden_size: 768, num_attention_heads: 12, hidden_act: 'quick_gelu', projection_dim: 768 },
    ],
    [
      'stable-diffusion-v1-5',
      { hidden_size: 768, num_hidden_layers: 12, hidden_act: 'quick_gelu', projection_dim: 768 },
    ],
    [
      'stable-diffusion-2-1-base',
      { hidden_size: 1024, num_hidden_layers: 23, hidden_act: 'gelu', projection_dim: 512 },
    ],
    [
      'stable-diffusion-xl-base-1.0',
      { hidden_size: 768, num_hidden_layers: 12, hidden_act: 'quick_gelu' },
    ],
    [
      'stable-diffusion-xl-base-1.0-2',
      { hidden_size: 1280, num_hidden_layers: 32, hidden_act: 'gelu' },
    ],
  ])('%s', (name, expected) => {
    const json = read('clip', name);
    const config = clipTextConfig((json['text_config'] ?? json) as Json);
    expect(config).toMatchObject({
      ...expected,
      ...{ vocab_size: 49408, max_position_embeddings: 77, layer_norm_eps: 1e-5 },
      ...{ bos_token_id: 0, eos_token_id: 2, pad_token_id: 1 },
    });
  });

  it('a folder with the joint config of CLIP is loaded, its own keys kept', () => {
    const tiny = new CLIPTextModel(TINY_TEXT, new Generator(0).stream('init'));
    tiny.savePretrained(scratch);
    tiny.dispose();
    const joint = read('clip', 'clip-vit-base-patch32');
    const text = {
      ...(joint['text_config'] as Json),
      ...TINY_TEXT,
      projection_dim: null,
      pad_token_id: null,
    };
    writeFileSync(
      path.join(scratch, 'config.json'),
      JSON.stringify({ ...joint, text_config: text }),
    );
    const model = CLIPTextModel.fromPretrained(scratch);
    expect(model.config).toEqual({
      ...clipTextConfig(TINY_TEXT),
      projection_dim: null,
      pad_token_id: null,
    });
    const again = path.join(scratch, 'again');
    model.savePretrained(again);
    expect(JSON.parse(readFileSync(path.join(again, 'config.json'), 'utf8'))).toMatchObject({
      projection_dim: null,
      pad_token_id: null,
    });
    model.dispose();
  });
});

describe('keys of every config of transformers', () => {
  test.each<[string, unknown]>([
    ['projection_dim', null],
    ['pad_token_id', null],
    ['bos_token_id', null],
    ['temperature', 0.7],
    ['top_k', 5],
    ['max_length', 77],
    ['typical_p', 0.9],
    ['exponential_decay_length_penalty', [5, 1.01]],
    ['suppress_tokens', [1, 2]],
    ['begin_suppress_tokens', null],
    ['num_labels', 7],
    ['use_cache', true],
    ['gradient_checkpointing', false],
    ['tf_legacy_loss', false],
    ['tie_word_embeddings', false],
    ['tokenizer_class', 'CLIPTokenizer'],
    ['name_or_path', 'x'],
    ['torch_dtype', 'float16'],
    ['_commit_hash', 'abc'],
    ['add_cross_attention', false],
    ['cross_attention_hidden_size', null],
    ['is_decoder', false],
    ['pruned_heads', {}],
    ['quantization_config', null],
  ])('%s: %j changes nothing', (key, value) => {
    const config = clipTextConfig({ ...TINY_TEXT, [key]: value });
    const own = Object.hasOwn(clipTextConfig({}), key);
    expect(config).toEqual({ ...clipTextConfig(TINY_TEXT), ...(own && { [key]: value }) });
  });

  test.each<[string, unknown]>([
    ['add_cross_attention', true],
    ['cross_attention_hidden_size', 64],
    ['is_decoder', true],
    ['pruned_heads', { '0': [1] }],
    ['quantization_config', { bits: 8 }],
    ['eos_token_id', null],
    ['eos_token_id', [1, 2]],
    ['projection_dim', 0],
    ['pad_token_id', -1],
    ['rope_theta', 10000],
    ['num_key_value_heads', 8],
    ['hidden_sise', 8],
  ])('%s: %j is refused by name', (key, value) => {
    expect(() => clipTextConfig({ ...TINY_TEXT, [key]: value })).toThrow(`\n  ${key}: `);
  });
});

/** The keys that a config is refused for. */
function refused(config: Json): string[] {
  try {
    unet2DConditionConfig(config);
    return [];
  } catch (error) {
    return (error as Error).message
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(':')[0]!);
  }
}

describe('public UNets', () => {
  it.each([
    ['stable-diffusion-v1-5', []],
    ['stable-diffusion-2-1-base', ['use_linear_projection']],
    ['stable-diffusion-xl-base-1.0', ['addition_embed_type', 'use_linear_projection']],
  ])('%s is refused for %j', (name, keys) => {
    expect(refused(read('unet', name))).toEqual(keys);
  });

  it('that of Stable Diffusion 1.5 has its numbers', () => {
    expect(unet2DConditionConfig(read('unet', 'stable-diffusion-v1-5'))).toMatchObject({
      ...{ sample_size: 64, in_channels: 4, cross_attention_dim: 768, attention_head_dim: 8 },
      block_out_channels: [320, 640, 1280, 1280],
    });
  });
});

describe("what diffusers 0.42 takes for a key's default", () => {
  test.each<[string, unknown]>([
    ['only_cross_attention', [false, false]],
    ['dual_cross_attention', null],
    ['use_linear_projection', null],
    ['upcast_attention', null],
    ['resnet_skip_time_act', null],
    ['class_embeddings_concat', null],
    ['center_input_sample', null],
    ['mid_block_only_cross_attention', false],
    ['resnet_out_scale_factor', null],
    ['attention_type', null],
    ['cross_attention_norm', false],
    ['addition_embed_type_num_heads', null],
    ['addition_time_embed_dim', 256],
    ['projection_class_embeddings_input_dim', 2816],
    ['time_embedding_dim', 64],
    ['reverse_transformer_layers_per_block', [1, 1]],
  ])('%s: %j changes nothing', (key, value) => {
    expect(unet2DConditionConfig({ ...TINY_UNET, [key]: value })).toEqual(
      unet2DConditionConfig(TINY_UNET),
    );
  });

  test.each<[string, unknown, RegExp]>([
    [
      'only_cross_attention',
      [false],
      /only_cross_attention has 1 entries, block_out_channels has 2/,
    ],
    ['only_cross_attention', [false, true], /only_cross_attention: only false is supported/],
    ['only_cross_attention', [], /only_cross_attention: /],
    ['only_cross_attention', null, /only_cross_attention: /],
    ['use_linear_projection', true, /use_linear_projection: /],
    ['resnet_time_scale_shift', null, /resnet_time_scale_shift: /],
    ['norm_num_groups', null, /norm_num_groups: /],
    ['time_embedding_dim', 128, /time_embedding_dim: only null or 64 is supported, got 128/],
    [
      'reverse_transformer_layers_per_block',
      [1, 2],
      /reverse_transformer_layers_per_block: only null or \[1,1\]/,
    ],
    ['encoder_hid_dim', 8, /encoder_hid_dim: /],
  ])('%s: %j is refused', (key, value, message) => {
    expect(() => unet2DConditionConfig({ ...TINY_UNET, [key]: value })).toThrow(message);
  });

  it('reverse_transformer_layers_per_block is of the layers in reverse', () => {
    const layers = { transformer_layers_per_block: [1, 2] };
    const make = (reversed: number[]) => () =>
      unet2DConditionConfig({
        ...TINY_UNET,
        ...layers,
        ...{ reverse_transformer_layers_per_block: reversed },
      });
    expect(make([2, 1])()).toEqual(unet2DConditionConfig({ ...TINY_UNET, ...layers }));
    expect(make([1, 2])).toThrow('only null or [2,1] is supported, got [1,2]');
  });
});
