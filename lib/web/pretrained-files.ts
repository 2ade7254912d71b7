/** `fromPretrained` over files in memory. */

import { noteCaptions } from '../conditioning/learnt-captions';
import { parseSafetensors } from '../io/safetensors/parse';
import { CLIPTextModel } from '../models/clip-text-model';
import { CLIPTokenizer } from '../models/clip-tokenizer';
import type { Part, PretrainedFiles } from '../models/pretrained';
import { UNet2DConditionModel } from '../models/unet-2d-condition';
import type { StateDict } from '../nn/state-dict';
import { parseSchedulerConfig, schedulerFromConfig } from '../schedulers/by-class-name';
import type { ModelFileMap } from './model-files';
import { unpacked } from './quantized';

const WEIGHTS = {
  diffusers: 'diffusion_pytorch_model.safetensors',
  transformers: 'model.safetensors',
};

/** The parts that a model of text to image has, by their classes. */
const CLASSES: Readonly<Record<string, (folder: string) => Part>> = {
  UNet2DConditionModel: (folder) => UNet2DConditionModel.fromPretrained(folder),
  CLIPTextModel: (folder) => CLIPTextModel.fromPretrained(folder),
  CLIPTokenizer: (folder) => CLIPTokenizer.fromPretrained(folder),
  CLIPTokenizerFast: (folder) => CLIPTokenizer.fromPretrained(folder),
};

/** @returns what reads these files: of it all names are folders within, the model itself '' */
export function filesInMemory(files: ModelFileMap): PretrainedFiles {
  const json = (name: string, parse: (text: string) => unknown = JSON.parse) =>
    jsonObject(name, bytesOf(files, name), parse);
  const refuse = (): never => {
    throw new Error(
      'A page writes no folders: save the model under Node, with the package itself.',
    );
  };
  return {
    readModel: (folder, library, { wanted = () => true } = {}) => {
      const from = `${folder}/${WEIGHTS[library]}`;
      const { tensors } = parseSafetensors(bytesOf(files, from), from);
      const weights: StateDict = new Map(
        // A constant that old transformers saved.
        [...unpacked(tensors, from)].filter(
          ([name]) => !name.endsWith('position_ids') && wanted(name),
        ),
      );
      return { config: json(`${folder}/config.json`), weights, from };
    },
    readFiles: (folder, names) =>
      Object.fromEntries(
        names.flatMap((name) => {
          const bytes = files[`${folder ?? 'tokenizer'}/${name}`];
          return bytes ? [[name, bytes] as const] : [];
        }),
      ),
    loadPipeline: () => {
      const index = json('model_index.json');
      const parts: Record<string, Part> = {};
      try {
        for (const name of ['tokenizer', 'scheduler', 'unet', 'text_encoder']) {
          if (name === 'scheduler') {
            const config = json('scheduler/scheduler_config.json', parseSchedulerConfig);
            parts[name] = schedulerFromConfig(config);
          } else parts[name] = loaderOf(index, name)(name);
        }
        loadCaptions(files, parts['unet']!);
        return parts;
      } catch (error) {
        for (const part of Object.values(parts)) (part as { dispose?: () => void }).dispose?.();
        throw error;
      }
    },
    writeModel: refuse,
    writeFiles: refuse,
    savePipeline: refuse,
  };
}

/** @throws Error if the part is missing, or of a class that is not known here */
function loaderOf(index: Readonly<Record<string, unknown>>, name: string) {
  const entry = index[name];
  const className: unknown = Array.isArray(entry) ? entry[1] : undefined;
  if (typeof className === 'string' && Object.hasOwn(CLASSES, className))
    return CLASSES[className]!;
  throw new Error(
    `model_index.json: expected the class of "${name}" to be one of ${Object.keys(CLASSES).join(', ')}, got ` +
      `${JSON.stringify(className) ?? 'nothing'}. Models with other parts cannot be drawn with here.`,
  );
}

function bytesOf(files: ModelFileMap, name: string): Uint8Array {
  const bytes = files[name];
  if (bytes) return bytes;
  throw new Error(`${name} is missing: expected the folder of a model, with ${name} in it.`);
}

function jsonObject(
  name: string,
  bytes: Uint8Array,
  parse: (text: string) => unknown,
): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Error(`${name}: expected JSON, got: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new Error(`${name}: expected a JSON object.`);
}

/** Nothing is noted of a file that says nothing that can be read. */
function loadCaptions(files: ModelFileMap, unet: Part): void {
  const bytes = files['captions.json'];
  if (!bytes) return;
  let captions: unknown;
  try {
    captions = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return;
  }
  const isText = (value: unknown) => typeof value === 'string';
  if (Array.isArray(captions) && captions.every(isText)) noteCaptions(unet, captions as string[]);
}
