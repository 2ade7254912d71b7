/** The library's public names: the only path that notebooks import. */
import { installNotebookViews } from './notebook-views';

installNotebookViews();

export { deviceSummary, memoryUse, tf, type DeviceSummary } from './backend';
export { Generator, rand, randint, randn, RandomStream, type RandomKey } from './random';
export {
  BLOG_SCHEDULER_CONFIG,
  BLOG_UNET_CONFIG,
  CHECKPOINTS,
  SHIPPED_JUDGE,
  SHIPPED_MODEL,
  runFolder,
  SMALL_TEXT_CONFIG,
  SMALL_TOKENIZER,
} from './presets';

export { RECIPES, recipeSchedule, type Recipe, type RecipeName } from './recipes';

export { DataLoader, type Batch, type ImageDataset } from './datasets/data-loader';
export { loadMnist, type MnistDataset } from './datasets/mnist';
export { captionOf, normalize, toTensor } from './datasets/transforms';

export { UNet2DConditionModel } from './models/unet-2d-condition';
export { type UNet2DConditionConfig } from './models/unet-2d-condition-config';
export { CLIPTextModel, type CLIPTextModelOutput } from './models/clip-text-model';
export { type CLIPTextConfig } from './models/clip-text-config';
export { CLIPTokenizer, type BatchEncoding } from './models/clip-tokenizer';
export {
  loadStateDict,
  namedParameters,
  numParameters,
  stateDict,
  type HostTensor,
  type StateDict,
} from './nn/state-dict';

export { DDPMScheduler, type DDPMSchedulerConfig } from './schedulers/ddpm';
export { DDIMScheduler, type DDIMOptions, type DDIMSchedulerConfig } from './schedulers/ddim';
export {
  DPMSolverMultistepScheduler,
  type DPMSolverMultistepSchedulerConfig,
} from './schedulers/dpm-solver-multistep';
export {
  EulerDiscreteScheduler,
  type EulerDiscreteSchedulerConfig,
} from './schedulers/euler-discrete';
export {
  HeunDiscreteScheduler,
  type HeunDiscreteSchedulerConfig,
} from './schedulers/heun-discrete';
export { makeSampler, SAMPLER_NAMES, type SamplerName } from './schedulers/samplers';
export { sharedConfig } from './schedulers/config';
export { computeSnr, minSnrWeights } from './schedulers/forward-process';
export { type Scheduler } from './schedulers/scheduler';

export { AdamW, type AdamWOptions } from './optim/adamw';
export { EMAModel, type EMAOptions } from './optim/ema';
export { clipGradNorm } from './optim/grad-clip';
export { getScheduler, type LRSchedule } from './optim/lr-scheduler';

export { oneCycle, type OneCycleOptions } from './optim/one-cycle';

export { jit, JitError, JitSession, type JitOptions } from './jit';

export { Trainer, type FitOptions, type TrainerParts } from './training/trainer';
export { type TrainerOptions } from './training/trainer-options';
export {
  meanLoss,
  NonFiniteLossError,
  type SkippedStep,
  type StepLog,
  type TrainHistory,
} from './training/history';
export {
  bestCheckpoint,
  latestCheckpoint,
  loadEmaWeights,
  resumeTraining,
  saveTraining,
  type SaveTrainingOptions,
} from './training/checkpoints';
export { OutOfMemoryError } from './training/out-of-memory';
export { CheckpointSaveError } from './io/checkpoint-commit';
export { FolderLockedError } from './io/folder-lock';

export { crossAttentionMaps } from './pipelines/attention-maps';
export { timestepLosses, type TimestepLossParts } from './pipelines/timestep-losses';
export {
  TextToImagePipeline,
  type TextToImageOutput,
  type TextToImageParts,
} from './pipelines/text-to-image';
export { type GenerateOptions, type StepEnd } from './pipelines/generate-options';
export { loadCheckpoint, saveCheckpoint, type CheckpointParts } from './pipelines/checkpoint';
export { Judge, type JudgeCard, type Judgement } from './evaluation/judge';
export { wilson, promptedAccuracy, type PromptedAccuracy, type Share } from './evaluation/accuracy';
export { compareImages, type Comparison, type RealFloor } from './evaluation/compare';
export {
  evaluate,
  realReference,
  type EvaluateParts,
  type Evaluation,
  type RealReference,
} from './evaluation/evaluate';
export { frechetDistance, frechetStandardError } from './evaluation/frechet';
export { drawDigits, unitImages, type DrawOptions } from './evaluation/generated-images';
export { kernelDistance } from './evaluation/kernel-distance';
export { manifoldMetrics, withinClassDistance, type Manifold } from './evaluation/manifold';
export { sanityRows } from './evaluation/sanity';
export { judgeAccuracy, trainJudge, type TrainJudgeOptions } from './evaluation/train-judge';
export { downloadModel, type DownloadOptions } from './download-model';
export { snapshotDownload, type HubProgress, type SnapshotOptions } from './io/hub';
export { HubError } from './io/hub-download';
export { writeManifest } from './io/manifest';
export { readSafetensors, SafetensorsError, writeSafetensors } from './io/safetensors';

export { clearOutput } from './display/display-handle';
export {
  denoisingAnimation,
  type DenoisingFrame,
  type DenoisingOptions,
} from './display/denoising';
export { Figure } from './display/figure';
export { form, Form, type FormControls, type SliderRange } from './display/form';
export { guidancePlot, type GuidancePoint } from './display/guidance-plot';
export { imageGrid, type ImageGridOptions } from './display/image-grid';
export { type ImageBatch } from './display/images';
export { liveFigure, LiveFigure } from './display/live';
export {
  attentionPlot,
  embeddingPlot,
  lossByTimestep,
  type Numbers,
  type TimestepLoss,
} from './display/model-plots';
export { linePlot, type LinePlotOptions, type LineSeries } from './display/line-plot';
export { lossCurve, noiseSchedule, type LossPoint } from './display/plots';
export { encodePng, imagesToGrid } from './display/png';
export { progress, type ProgressOptions } from './display/progress';
export { ProgressBar } from './display/progress-bar';
export { Table, table } from './display/html-table';
export { showSource, Source } from './display/source';
export { trainingView, TrainingView, type TrainingViewOptions } from './display/training-view';
