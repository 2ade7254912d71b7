/**
 * Names of tensors in files of adapters, in all spellings that were ever in use: peft's `lora_A`, diffusers' `lora.down` and
 * its old attention processors, `lora_linear_layer` of text encoders, kohya's names with underscores.
 */
import { targetsOf, type Target } from '../../nn/lora/targets';

export type TensorPart = 'A' | 'B' | 'alpha';

/** What a tensor is of. */
export interface ParsedKey {
  /** The model's name in the target: `unet`, `text_encoder`, or '' for a model by itself. */
  readonly component: string;
  /** The layer's name in that model. */
  readonly layer: string;
  readonly part: TensorPart;
}

const ENDINGS: readonly [RegExp, TensorPart][] = [
  [/\.lora_A(\.[^.]+)?\.weight$/, 'A'],
  [/\.lora_B(\.[^.]+)?\.weight$/, 'B'],
  [/[._]lora\.down\.weight$/, 'A'],
  [/[._]lora\.up\.weight$/, 'B'],
  [/\.lora_linear_layer\.down\.weight$/, 'A'],
  [/\.lora_linear_layer\.up\.weight$/, 'B'],
  [/\.lora_down\.weight$/, 'A'],
  [/\.lora_up\.weight$/, 'B'],
  [/(_lora|\.lora|\.lora_linear_layer)?\.alpha$/, 'alpha'],
];

const PREFIXES: readonly [RegExp, string][] = [
  [/^unet\./, 'unet'],
  [/^text_encoder\./, 'text_encoder'],
];
const KOHYA_PREFIXES: readonly [RegExp, string][] = [
  [/^lora_unet_/, 'unet'],
  [/^lora_te1?_/, 'text_encoder'],
];

/** The layers of a target's models by all names that files have for them. */
export class LayerNames {
  /** By component, then by name. */
  private readonly layers: ReadonlyMap<string, ReadonlyMap<string, Target>>;
  private readonly underscored: ReadonlyMap<string, ReadonlyMap<string, string>>;

  /** @param models as `modelsOf` gives them */
  constructor(models: ReadonlyMap<string, object>) {
    const entries = [...models].map(([name, model]) => [name, targetsOf(model)] as const);
    this.layers = new Map(entries);
    this.underscored = new Map(
      entries.map(([name, layers]) => {
        return [
          name,
          new Map([...layers.keys()].map((layer) => [layer.replaceAll('.', '_'), layer])),
        ];
      }),
    );
  }

  target({ component, layer }: Pick<ParsedKey, 'component' | 'layer'>): Target {
    return this.layers.get(component)!.get(layer)!;
  }

  /** Undefined if the name is none of an adapter for these models. */
  parse(key: string): ParsedKey | undefined {
    const ending = ENDINGS.find(([pattern]) => pattern.test(key));
    if (!ending) return undefined;
    const [pattern, part] = ending;
    const path = key.replace(pattern, '').replace(/^base_model\.model\./, '');
    const kohya = KOHYA_PREFIXES.find(([prefix]) => prefix.test(path));
    if (kohya) {
      const flat = path.replace(kohya[0], '');
      return this.find(kohya[1], part, (component) => {
        const names = this.underscored.get(component);
        return names?.get(flat) ?? names?.get(flat.replace(/^text_model_/, ''));
      });
    }
    const prefix = PREFIXES.find(([prefix]) => prefix.test(path));
    const plain = (prefix ? path.replace(prefix[0], '') : path).replace('.processor.', '.');
    return this.find(prefix?.[1], part, (component) => {
      const layers = this.layers.get(component);
      return spellings(plain).find((name) => layers?.has(name));
    });
  }

  /** @param component undefined: whichever model has the layer */
  private find(
    component: string | undefined,
    part: TensorPart,
    layerOf: (component: string) => string | undefined,
  ): ParsedKey | undefined {
    const components =
      component === undefined || this.layers.has('') ? [...this.layers.keys()] : [component];
    for (const name of components) {
      const layer = layerOf(name);
      if (layer !== undefined) return { component: name, layer, part };
    }
    return undefined;
  }
}

/** What a layer may be called here: text encoders without `text_model.`, the layers of old attention processors. */
function spellings(path: string): string[] {
  const name = path.replace(/^text_model\./, '');
  const old = /^(.*\.self_attn\.)to_(q|k|v|out)$/.exec(name);
  return [name, `${name}.0`, ...(old ? [`${old[1]}${old[2]}_proj`] : [])];
}

/** How `saveLoraWeights` spells the names. */
export type LoraSpelling = 'diffusers' | 'scripts' | 'kohya' | 'peft';

/**
 * The name of a tensor in a file.
 *
 * @param component '' for a model by itself, whose names then have no beginning
 */
export function keyOf(spelling: LoraSpelling, { component, layer, part }: ParsedKey): string {
  const isText = component === 'text_encoder';
  const path = isText ? `text_model.${layer}` : layer;
  const isA = part === 'A';
  switch (spelling) {
    case 'peft':
      return `base_model.model.${layer}.lora_${part}.weight`;
    case 'diffusers':
      return `${component && `${component}.`}${path}.lora_${part}.weight`;
    case 'scripts': {
      const middle = isText ? 'lora_linear_layer' : 'lora';
      return `${component && `${component}.`}${path}.${middle}.${isA ? 'down' : 'up'}.weight`;
    }
    case 'kohya': {
      const start = isText ? 'lora_te' : 'lora_unet';
      const end = part === 'alpha' ? 'alpha' : `lora_${isA ? 'down' : 'up'}.weight`;
      return `${start}_${path.replaceAll('.', '_')}.${end}`;
    }
  }
}
