/**
 * Keys that transformers' `PretrainedConfig` writes, or wrote in some version since 3, into the config of every model.
 * A text encoder's output depends on none of them, or only on values other than those accepted here.
 */
import { isOneOf, isOnly, type KeyCheck } from './config';

/** What a model is called and was made with. */
const DESCRIPTIONS = [
  'architectures',
  'auto_map',
  'dtype',
  'finetuning_task',
  'id2label',
  'label2id',
  'model_type',
  'name_or_path',
  'num_labels',
  'problem_type',
  'task_specific_params',
  'tokenizer_class',
  'torch_dtype',
  'transformers_version',
];

/** How Python runs it: what is returned beside the hidden states, and at which cost. */
const PYTHON = [
  'attn_implementation',
  'chunk_size_feed_forward',
  'gradient_checkpointing',
  'is_encoder_decoder',
  'output_attentions',
  'output_hidden_states',
  'output_past',
  'return_dict',
  'tf_legacy_loss',
  'tie_encoder_decoder',
  'tie_word_embeddings',
  'torchscript',
  'use_bfloat16',
  'use_cache',
  'use_return_dict',
  'xla_device',
];

/** How text is generated, which a text encoder does not. */
const GENERATION = [
  'bad_words_ids',
  'begin_suppress_tokens',
  'decoder_start_token_id',
  'diversity_penalty',
  'do_sample',
  'early_stopping',
  'encoder_no_repeat_ngram_size',
  'eos_token_ids',
  'exponential_decay_length_penalty',
  'forced_bos_token_id',
  'forced_eos_token_id',
  'length_penalty',
  'max_length',
  'min_length',
  'no_repeat_ngram_size',
  'num_beam_groups',
  'num_beams',
  'num_return_sequences',
  'output_scores',
  'prefix',
  'remove_invalid_values',
  'repetition_penalty',
  'return_dict_in_generate',
  'sep_token_id',
  'suppress_tokens',
  'temperature',
  'top_k',
  'top_p',
  'typical_p',
];

const isAnything: KeyCheck = () => null;
const isEmptyOrNull: KeyCheck = (value) =>
  value === null || JSON.stringify(value) === '{}' ? null : 'only {} is supported';

export const PRETRAINED_CONFIG_KEYS: Readonly<Record<string, KeyCheck>> = {
  ...Object.fromEntries(
    [...DESCRIPTIONS, ...PYTHON, ...GENERATION].map((key) => [key, isAnything] as const),
  ),
  add_cross_attention: isOneOf(false, null),
  cross_attention_hidden_size: isOnly(null),
  is_decoder: isOneOf(false, null),
  pruned_heads: isEmptyOrNull,
  quantization_config: isOnly(null),
};
