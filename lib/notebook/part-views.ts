/** What the library's models and machines show of themselves at the end of a cell, and in `console.log`. */

import type { MimeBundle } from '../figure/display-handle';
import { noiseSchedule } from '../charts/plots';
import { table } from './html-table';
import { card, folding, parameterTree, figureHtml, preformatted } from './rich';
import type { DataLoader } from '../datasets/data-loader';
import type { BatchSampler } from '../datasets/batch-sampler';
import type { CLIPTokenizer } from '../models/clip-tokenizer';
import { isDisposed } from '../nn/disposed';
import { namedParameters, numParameters, torchShape } from '../nn/state-dict';
import type { EMAModel } from '../optim/ema';
import type { Optimizer } from '../optim/optimizer';
import { definedKeys } from '../options';
import type { Scheduler } from '../schedulers/scheduler';
import type { AdapterObjective } from '../training/adapter-objective';
import type { TextToImageObjective } from '../training/text-to-image-objective';
import type { Trainer } from '../training/trainer';
import { sizeOf } from './numbers';
import type { HostValues } from './tensor-views';

type Facts = Readonly<Record<string, unknown>>;

/** A view in a line or a few: the class, and facts of it. */
export interface Summary {
  readonly title: string;
  readonly facts: Facts;
}

/** The class, and whether nothing is left of it. */
const className = (value: object) =>
  isDisposed(value) ? `${value.constructor.name}, disposed` : value.constructor.name;

const totalSize = (parts: Iterable<{ readonly size: number }>) =>
  [...parts].reduce((sum, { size }) => sum + size, 0);

/** What is told of a model that was disposed. */
const GONE = { weights: 'freed; run the cell again that made or loaded it' };

/** Settings of a part, folded. */
const configOf = ({ config }: { readonly config: object }, heading = 'config') =>
  folding(heading, table(config).toHtml());

/** The class of a part, with what is told of it in few words. */
function partText(part: object): string {
  const size = numParameters(part);
  if (size === 0 || isDisposed(part)) return className(part);
  return `${className(part)} (${size.toLocaleString('en-US')} parameters)`;
}

/** What every pipeline shows of itself. */
export interface ShownPipeline {
  readonly unet: object;
  readonly textEncoder: object;
  readonly tokenizer: { readonly modelMaxLength: number };
  readonly scheduler: { readonly config: object };
}

/** Without these it draws nothing. */
const partsOf = ({ unet, textEncoder }: ShownPipeline) => [unet, textEncoder];

export const pipelineSummary = (pipeline: ShownPipeline): Summary => ({
  title: partsOf(pipeline).some(isDisposed)
    ? `${className(pipeline)}, disposed`
    : className(pipeline),
  facts: {
    unet: partText(pipeline.unet),
    text_encoder: partText(pipeline.textEncoder),
    tokenizer: `${className(pipeline.tokenizer)} (${pipeline.tokenizer.modelMaxLength} tokens)`,
    scheduler: className(pipeline.scheduler),
  },
});

export const trainerSummary = (trainer: Trainer): Summary => ({
  title: className(trainer),
  facts: definedKeys({
    step: trainer.step,
    loss: trainer.history.steps.at(-1)?.loss,
    'learning rate': trainer.learningRate,
    'batch size': trainer.options.batchSize,
    'steps an epoch': trainer.sampler.length,
    objective: className(trainer.objective),
    ema: trainer.ema ? 'yes' : 'no',
  }),
});

/** Which time steps are drawn more often is told only if some are. */
function optionsTold(options: TextToImageObjective['options']): Facts {
  const isBiased = options.timestepBiasStrategy !== 'none';
  const told = ([name]: [string, unknown]) =>
    isBiased || name === 'timestepBiasStrategy' || !name.startsWith('timestepBias');
  return Object.fromEntries(Object.entries(options).filter(told));
}

export const objectiveSummary = (objective: TextToImageObjective): Summary => ({
  title: className(objective),
  facts: {
    images: objective.length,
    'trained parameters': totalSize(objective.parameters.values()),
    unet: partText(objective.unet),
    text_encoder: partText(objective.textEncoder),
    scheduler: className(objective.noiseScheduler),
    ...optionsTold(objective.options),
  },
});

export const adapterSummary = (objective: AdapterObjective): Summary => ({
  title: className(objective),
  facts: {
    adapter: objective.adapterName,
    images: objective.length,
    'trained parameters': totalSize(objective.parameters.values()),
    objective: className(objective.objective),
  },
});

export const optimizerSummary = (optimizer: Optimizer): Summary => ({
  title: className(optimizer),
  facts: { lr: optimizer.lr, ...optimizer.options },
});

export const emaSummary = (ema: EMAModel): Summary => {
  const shadows = [...ema.shadowParams.values()];
  return {
    title: className(ema),
    facts: { parameters: totalSize(shadows), tensors: shadows.length, ...ema.options },
  };
};

export const loaderSummary = (loader: DataLoader | BatchSampler): Summary => {
  const { epoch, position } = loader.state();
  return {
    title: className(loader),
    facts: {
      'batch size': loader.batchSize,
      'batches an epoch': loader.length,
      epoch,
      'next batch': position,
    },
  };
};

export const tokenizerSummary = (tokenizer: CLIPTokenizer): Summary => ({
  title: className(tokenizer),
  facts: {
    vocabSize: tokenizer.vocabSize,
    modelMaxLength: tokenizer.modelMaxLength,
    bosTokenId: tokenizer.bosTokenId,
    eosTokenId: tokenizer.eosTokenId,
    padTokenId: tokenizer.padTokenId,
  },
});

export const modelSummary = (model: { readonly config: object }): Summary => ({
  title: className(model),
  facts: isDisposed(model) ? GONE : { parameters: numParameters(model) },
});

/** What every scheduler shows of itself. */
interface Scheduled {
  readonly timesteps: ArrayLike<number> & { slice(start: number, end: number): unknown };
  readonly config: object;
}

export const schedulerSummary = ({ timesteps, constructor }: Scheduled): Summary => ({
  title: constructor.name,
  facts: { 'sampling steps': timesteps.length, 'first ones': timesteps.slice(0, 5) },
});

/** `AdamW { lr: 0.001, … }`, as `console.log` shows it. */
export const summaryText = ({ title, facts }: Summary): string =>
  `${title}\n${table(facts).toString()}`;

export function modelView(model: { readonly config: object }): MimeBundle {
  const rows = [...namedParameters(model)].map(([name, variable]) => ({
    name,
    shape: torchShape(variable),
    size: variable.size,
  }));
  const { title, facts } = modelSummary(model);
  if (isDisposed(model)) return card(title, facts, [configOf(model)]);
  return card(title, facts, [
    configOf(model),
    folding("parameters, in torch's shapes", parameterTree(rows)),
  ]);
}

export async function schedulerView(scheduler: Scheduler): Promise<MimeBundle> {
  const figure = noiseSchedule(scheduler.alphasCumprod);
  const { title, facts } = schedulerSummary(scheduler);
  return card(title, facts, [await figureHtml(figure), configOf(scheduler)]);
}

/** A scheduler of flow matching has no schedule ᾱ to draw. */
export function flowSchedulerView(scheduler: Scheduled): MimeBundle {
  const { title, facts } = schedulerSummary(scheduler);
  return card(title, facts, [configOf(scheduler)]);
}

/** A judge, known by its fields: it belongs to a room above. */
export interface ShownJudge {
  readonly card: object;
  readonly network: object;
}

export const judgeSummary = (judge: ShownJudge): Summary => ({
  title: className(judge),
  facts: isDisposed(judge) ? GONE : { parameters: numParameters(judge), ...judge.card },
});

/** Weights by name: shapes and sizes, not the numbers. */
export function weightsView(title: string, weights: ReadonlyMap<string, HostValues>): MimeBundle {
  const rows = [...weights].map(([name, { shape }]) => ({
    name,
    shape: [...shape],
    size: sizeOf(shape),
  }));
  const names = folding('weights', parameterTree(rows));
  return card(title, { weights: rows.length, numbers: totalSize(rows) }, [names]);
}

export function pipelineView(pipeline: ShownPipeline): MimeBundle {
  const { title, facts } = pipelineSummary(pipeline);
  return card(title, facts, [configOf(pipeline.scheduler, "scheduler's config")]);
}

export const summaryView = ({ title, facts }: Summary): MimeBundle => card(title, facts);

/** A module, such as `sd` itself: its names by kind, without a call of any. */
export function moduleView(module: object): MimeBundle {
  const kinds: Record<string, string[]> = { classes: [], functions: [], constants: [] };
  for (const name of Object.keys(module).sort()) {
    const value = (module as Readonly<Record<string, unknown>>)[name];
    const isClass =
      typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value));
    kinds[isClass ? 'classes' : typeof value === 'function' ? 'functions' : 'constants']!.push(
      name,
    );
  }
  const counts = Object.fromEntries(
    Object.entries(kinds).map(([kind, names]) => [kind, names.length]),
  );
  const lists = Object.entries(kinds).map(([kind, names]) => [kind, names.join(', ')] as const);
  const bundle = card(
    'Module',
    counts,
    lists.map(([kind, names]) =>
      folding(kind, `<div>${preformatted(names.replace(/, /g, '\n'))}</div>`),
    ),
  );
  const text = lists.map(([kind, names]) => `${kind}: ${names}`).join('\n');
  return { ...bundle, 'text/plain': `${bundle['text/plain']}\n\n${text}` };
}
