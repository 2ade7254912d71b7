import { tf } from '../backend';
import { gelu, quickGelu } from '../nn/activations';
import { multiHeadAttention } from '../nn/attention';
import { Embedding, LayerNorm, Linear } from '../nn/layers';
import { refuseDisposed } from '../nn/disposed';
import { noInitWeights } from '../nn/init';
import { disposeModule, loadStateDict } from '../nn/state-dict';
import { Generator, requireStream, type RandomStream } from '../random';
import { clipTextConfig, type CLIPTextConfig } from './clip-text-config';
import { pretrainedFiles, type PretrainedOptions } from './pretrained';

/** Standard deviations of the initial weights, as transformers' `CLIPPreTrainedModel._init_weights`. */
function initialStd(c: CLIPTextConfig) {
  const perLayer = (2 * c.num_hidden_layers) ** -0.5;
  return {
    embedding: 0.02 * c.initializer_factor,
    inProj: c.hidden_size ** -0.5 * perLayer * c.initializer_factor,
    outProj: c.hidden_size ** -0.5 * c.initializer_factor,
    fc1: (2 * c.hidden_size) ** -0.5 * c.initializer_factor,
  };
}

/** Ids and positions as vectors. */
class CLIPTextEmbeddings {
  readonly token_embedding: Embedding;
  readonly position_embedding: Embedding;

  constructor(c: CLIPTextConfig, stream: RandomStream) {
    const { embedding } = initialStd(c);
    this.token_embedding = new Embedding(c.vocab_size, c.hidden_size, stream, embedding);
    this.position_embedding = new Embedding(
      c.max_position_embeddings,
      c.hidden_size,
      stream,
      embedding,
    );
  }

  /** @param ids int32 [B, L] @returns [B, L, C] */
  forward(ids: tf.Tensor2D): tf.Tensor3D {
    return tf.tidy(() => {
      const positions = tf.slice(this.position_embedding.weight, 0, ids.shape[1]); // [L, C]
      return tf.add(this.token_embedding.forward(ids), positions);
    });
  }
}

/** Causal multi-head self-attention. */
class CLIPAttention {
  readonly k_proj: Linear;
  readonly v_proj: Linear;
  readonly q_proj: Linear;
  readonly out_proj: Linear;

  constructor(
    private readonly config: CLIPTextConfig,
    stream: RandomStream,
  ) {
    const { hidden_size: C } = config;
    const { inProj, outProj } = initialStd(config);
    this.k_proj = new Linear(C, C, stream, { std: inProj });
    this.v_proj = new Linear(C, C, stream, { std: inProj });
    this.q_proj = new Linear(C, C, stream, { std: inProj });
    this.out_proj = new Linear(C, C, stream, { std: outProj });
  }

  /** @param x [B, L, C] @param mask [L, L], added to the scores @returns [B, L, C] */
  forward(x: tf.Tensor3D, mask: tf.Tensor2D): tf.Tensor3D {
    return tf.tidy(() => {
      const { num_attention_heads: heads } = this.config;
      const q = this.q_proj.forward(x); // [B, L, C]
      const k = this.k_proj.forward(x);
      const v = this.v_proj.forward(x);
      return this.out_proj.forward(multiHeadAttention(q, k, v, heads, mask));
    });
  }
}

/** Two linear layers around the activation. */
class CLIPMLP {
  readonly fc1: Linear;
  readonly fc2: Linear;

  constructor(
    private readonly config: CLIPTextConfig,
    stream: RandomStream,
  ) {
    const { fc1, inProj } = initialStd(config);
    this.fc1 = new Linear(config.hidden_size, config.intermediate_size, stream, { std: fc1 });
    this.fc2 = new Linear(config.intermediate_size, config.hidden_size, stream, { std: inProj });
  }

  forward(x: tf.Tensor3D): tf.Tensor3D {
    const activation = this.config.hidden_act === 'quick_gelu' ? quickGelu : gelu;
    return tf.tidy(() => this.fc2.forward(activation(this.fc1.forward(x))));
  }
}

/** Attention and MLP, each on a norm and with a residual. */
class CLIPEncoderLayer {
  readonly self_attn: CLIPAttention;
  readonly layer_norm1: LayerNorm;
  readonly mlp: CLIPMLP;
  readonly layer_norm2: LayerNorm;

  constructor(config: CLIPTextConfig, stream: RandomStream) {
    this.self_attn = new CLIPAttention(config, stream);
    this.layer_norm1 = new LayerNorm(config.hidden_size, config.layer_norm_eps);
    this.mlp = new CLIPMLP(config, stream);
    this.layer_norm2 = new LayerNorm(config.hidden_size, config.layer_norm_eps);
  }

  forward(x: tf.Tensor3D, mask: tf.Tensor2D): tf.Tensor3D {
    return tf.tidy(() => {
      const h = tf.add<tf.Tensor3D>(x, this.self_attn.forward(this.layer_norm1.forward(x), mask));
      return tf.add(h, this.mlp.forward(this.layer_norm2.forward(h)));
    });
  }
}

/** transformers' `BaseModelOutputWithPooling`, as far as a text encoder is asked for it. */
export interface CLIPTextModelOutput {
  /** [B, L, hidden_size] */
  readonly last_hidden_state: tf.Tensor3D;
  /** [B, hidden_size]: the last hidden state at the first end-of-text token. */
  readonly pooler_output: tf.Tensor2D;
}

/**
 * CLIP's text encoder (Radford et al. 2021, "Learning transferable visual models from natural language
 * supervision"); transformers' `CLIPTextModel` with its parameter names.
 */
export class CLIPTextModel {
  readonly config: CLIPTextConfig;
  readonly embeddings: CLIPTextEmbeddings;
  readonly encoder: { readonly layers: readonly CLIPEncoderLayer[] };
  readonly final_layer_norm: LayerNorm;

  /**
   * @param config keys of transformers' config.json; missing ones as openai/clip-vit-base-patch32
   * @throws Error naming every bad key
   */
  constructor(config: Partial<CLIPTextConfig>, stream: RandomStream) {
    const c = clipTextConfig(config);
    requireStream('CLIPTextModel', stream);
    this.config = c;
    this.embeddings = new CLIPTextEmbeddings(c, stream);
    const layers = Array.from(
      { length: c.num_hidden_layers },
      () => new CLIPEncoderLayer(c, stream),
    );
    this.encoder = { layers };
    this.final_layer_norm = new LayerNorm(c.hidden_size, c.layer_norm_eps);
  }

  /**
   * Loads a folder (or a model id that the hub's cache has) with config.json and model.safetensors. The joint CLIP
   * checkpoint works too: its `text_config` and its weights below `text_model.` are taken, the vision part is passed
   * over.
   *
   * @param options `variant: 'fp16'` reads model.fp16.safetensors
   * @throws Error if a file is missing or damaged, or if keys or shapes do not fit
   */
  static fromPretrained(name: string, options: PretrainedOptions = {}): CLIPTextModel {
    // The joint checkpoint's vision part is not even read.
    const wanted = (name: string) =>
      !/^(vision_model|(visual|text)_projection|logit_scale)\b/.test(name);
    const files = pretrainedFiles().readModel(name, 'transformers', { ...options, wanted });
    const config = (files.config['text_config'] ?? files.config) as Partial<CLIPTextConfig>;
    let { weights } = files;
    const prefix = 'text_model.';
    if ([...weights.keys()].some((name) => name.startsWith(prefix))) {
      const own = [...weights].filter(([name]) => name.startsWith(prefix));
      weights = new Map(own.map(([name, w]) => [name.slice(prefix.length), w] as const));
    }
    const model = noInitWeights(() => new CLIPTextModel(config, new Generator(0).stream('init')));
    try {
      loadStateDict(model, weights, files.from);
    } catch (error) {
      model.dispose();
      throw error;
    }
    return model;
  }

  /** Writes config.json and model.safetensors, for `transformers.CLIPTextModel.from_pretrained`. */
  savePretrained(folder: string): void {
    const kind = {
      architectures: ['CLIPTextModel'],
      model_type: 'clip_text_model',
      dtype: 'float32',
    };
    const floatKeys = ['initializer_factor', 'initializer_range', 'layer_norm_eps'];
    const config = { ...kind, ...this.config };
    pretrainedFiles().writeModel(folder, 'transformers', config, this, floatKeys);
  }

  /**
   * @param inputIds int32 [B, L], L ≤ max_position_embeddings
   * @returns [B, L, hidden_size]; the caller disposes it
   * @throws Error if the text is too long, or the model was disposed
   */
  lastHiddenState(inputIds: tf.Tensor2D): tf.Tensor3D {
    refuseDisposed('CLIPTextModel', { 'the model': this });
    const length = inputIds.shape[1];
    const { max_position_embeddings } = this.config;
    if (inputIds.rank !== 2 || length > max_position_embeddings) {
      throw new Error(
        `CLIPTextModel: expected ids [B, L] with L ≤ ${max_position_embeddings}, got ` +
          `[${inputIds.shape.join(', ')}]. Truncate the text with the tokenizer's maxLength.`,
      );
    }
    return tf.tidy(() => {
      const positions = tf.range(0, length);
      const later = tf.less(tf.expandDims(positions, 1), tf.expandDims(positions, 0));
      const mask = tf.mul<tf.Tensor2D>(tf.cast(later, 'float32'), -1e30); // no look ahead, [L, L]
      let h = this.embeddings.forward(inputIds); // [B, L, C]
      for (const layer of this.encoder.layers) h = layer.forward(h, mask);
      return this.final_layer_norm.forward(h);
    });
  }

  /** As `lastHiddenState`, with the pooled output; the caller disposes both. */
  forward(inputIds: tf.Tensor2D): CLIPTextModelOutput {
    return tf.tidy(() => {
      const last_hidden_state = this.lastHiddenState(inputIds);
      const { eos_token_id } = this.config;
      // Configs older than transformers 4.31 say 2 for what was then the largest id.
      const end =
        eos_token_id === 2 ? inputIds : tf.cast(tf.equal(inputIds, eos_token_id), 'int32');
      const first = tf.oneHot(tf.argMax(end, 1), inputIds.shape[1]); // [B, L]
      const weights = tf.expandDims(tf.cast(first, 'float32'), 1); // [B, 1, L]
      const pooler_output = tf.squeeze<tf.Tensor2D>(tf.matMul(weights, last_hidden_state), [1]);
      return { last_hidden_state, pooler_output };
    });
  }

  /** Frees the weights; the model cannot be used afterwards. */
  dispose(): void {
    disposeModule(this);
  }
}
