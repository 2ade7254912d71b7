/**
 * The library's public names. Importing it opens TensorFlow and changes nothing that belongs to others: notebooks import
 * `./notebook`, which adds what lives in a cell.
 */
import './backend/node'; // opens TensorFlow, before anything computes
import './figure/save-images';
import './pretrained';

export { deviceSummary, memoryUse, tf, type DeviceSummary } from './backend/node';
export { Interrupted, isInterrupted } from './stop';
export { Generator, rand, randint, randn, RandomStream, type RandomKey } from './random';
export { BLOG_SCHEDULER_CONFIG, BLOG_UNET_CONFIG, SMALL_TEXT_CONFIG } from './mnist/presets';
export { checkpointsFolder, runFolder } from './mnist/runs';
export { compareRuns, type CompareRunsOptions } from './mnist/compare-runs';
export { listRuns, modelFolder, type ModelFolderOptions, type RunSummary } from './mnist/run-list';
export { SHIPPED_JUDGE, SHIPPED_MODEL, SMALL_TOKENIZER } from './mnist/shipped';
export {
  CIFAR10_UNET_CONFIG,
  EMOJI_CATEGORIES,
  EMOJI_SET,
  EMOJI_TEXT_CONFIG,
  EMOJI_UNET_CONFIG,
} from './emoji/presets';
export { drawCaptions, type DrawCaptionsOptions } from './emoji/evaluation/drawn-captions';
export {
  emojiReference,
  evaluateEmoji,
  type EmojiEvaluation,
  type EmojiFigures,
  type EmojiReference,
} from './emoji/evaluation/evaluate-emoji';
export { besideNearest, emojiColumns } from './emoji/evaluation/report';
export {
  CaptionJudge,
  type CaptionJudgeCard,
  type HeldOutRetrieval,
  type RealRetrieval,
} from './emoji/judge/caption-judge';
export { heldOutRetrieval, realRetrieval } from './emoji/judge/pictures';
export { trainCaptionJudge, type TrainCaptionJudgeOptions } from './emoji/judge/train';
export { EMOJI_JUDGE, EMOJI_MODEL, EMOJI_TOKENIZER } from './emoji/shipped';

export { recipeDataset, type RecipeDatasetOptions } from './mnist/recipe-data';
export {
  recipeObjective,
  recipeParts,
  type RecipeParts,
  type RecipePartsOptions,
  type RecipeScheduler,
} from './mnist/recipe-parts';
export {
  RECIPES,
  recipeSchedule,
  type AnyRecipe,
  type FlowRecipe,
  type Recipe,
  type RecipeName,
} from './mnist/recipes';

export { DataLoader, type Batch, type ImageDataset } from './datasets/data-loader';
export { loadMnist, type LoadedMnist, type MnistDataset } from './mnist/mnist';
export { loadImageFolder, type ImageFolderOptions } from './image-datasets/load-image-folder';
export {
  type CollectOptions,
  type LoadedImages,
  type PixelOptions,
} from './image-datasets/collect';
export { type DatasetReport, type TokenLengths } from './image-datasets/report';
export { loadImage, type LoadImageOptions } from './image-datasets/load-image';
export { DatasetError } from './image-datasets/errors';
export {
  cacheImageFolder,
  type CachedImages,
  type CacheImageFolderOptions,
} from './image-datasets/image-cache';
export { ImageFile, type StreamedDataset } from './datasets/streamed-images';
export { loadDataset, type LoadDatasetOptions } from './image-datasets/load-dataset';
export {
  loadEmoji,
  type EmojiDataset,
  type EmojiSplit,
  type LoadEmojiOptions,
} from './image-datasets/emoji/load-emoji';
export { EMOJI_STYLES, type EmojiStyle } from './image-datasets/emoji/icons';
export {
  EMOJI_GROUPS,
  type Concept as EmojiConcept,
  type EmojiCategory,
} from './image-datasets/emoji/concepts';
export { normalize, toTensor } from './datasets/transforms';
export {
  CenterCrop,
  Compose,
  RandomCrop,
  RandomHorizontalFlip,
  Resize,
  type ImageArray,
  type ImageKey,
  type ImageSize,
  type ImageTransform,
  type ResizeOptions,
} from './datasets/image-transforms';
export { type Interpolation } from './datasets/resample';
export { captionOf, DIGIT_CAPTIONS } from './mnist/captions';

export { UNet2DConditionModel } from './models/unet-2d-condition';
export { inpaintingUNet } from './models/inpainting-unet';
export { type UNet2DConditionConfig } from './models/unet-2d-condition-config';
export { CLIPTextModel, type CLIPTextModelOutput } from './models/clip-text-model';
export { type CLIPTextConfig } from './models/clip-text-config';
export {
  CLIPTokenizer,
  type BatchEncoding,
  type EncodeOptions,
  type TokenizerOptions,
} from './models/clip-tokenizer';
export {
  loadStateDict,
  namedParameters,
  numParameters,
  stateDict,
  type HostTensor,
  type StateDict,
} from './nn/state-dict';

export {
  addAdapter,
  deleteAdapters,
  getActiveAdapters,
  getListAdapters,
  setAdapters,
} from './nn/lora/adapters';
export { type LoraConfig, type LoraPattern } from './nn/lora/config';
export { fuseLora, unfuseLora, type FuseLoraOptions } from './nn/lora/fuse';
export { type LoraTarget } from './nn/lora/target-models';
export { adapterChange, adapterParameters, type AdapterLayer } from './nn/lora/weights';
export {
  loadLoraWeights,
  saveLoraWeights,
  type LoadLoraOptions,
  type LoraSpelling,
  type SaveLoraOptions,
} from './pretrained/lora';

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
export {
  FlowMatchEulerDiscreteScheduler,
  type FlowMatchEulerDiscreteSchedulerConfig,
} from './schedulers/flow-match-euler-discrete';
export {
  FLOW_SAMPLER_NAMES,
  makeSampler,
  SAMPLER_NAMES,
  type FlowSamplerName,
  type SamplerName,
} from './schedulers/samplers';
export { sharedConfig } from './schedulers/config';
export { computeSnr, minSnrWeights } from './schedulers/forward-process';
export { schedulerFromConfig } from './schedulers/by-class-name';
export { type Sampler, type Scheduler } from './schedulers/scheduler';

export { AdamW, type AdamWOptions } from './optim/adamw';
export type { LRScales } from './optim/lr-scales';
export { Muon, type AdjustLrFn, type MuonOptions } from './optim/muon';
export { MuonWithAuxAdam, type MuonWithAuxAdamOptions } from './optim/muon-with-aux-adam';
export type { Optimizer, OptimizerStepOptions } from './optim/optimizer';
export { EMAModel, type EMAOptions } from './optim/ema';
export { clipGradNorm } from './optim/grad-clip';
export { getScheduler, type LRSchedule } from './optim/lr-scheduler';

export { oneCycle, type OneCycleOptions } from './optim/one-cycle';

export {
  inHalves,
  jit,
  JitError,
  JitSession,
  runFunctionsEagerly,
  type JitOptions,
  type MixedPrecision,
} from './jit';

export type { BatchIndices, BatchRecord, Objective, RandomKeys } from './training/objective';
export { TextToImageObjective } from './training/text-to-image-objective';
export type { TextToImageBatch, TextToImageTrainingParts } from './training/text-to-image-parts';
export { type TextToImageOptions } from './training/text-to-image-options';
export { FlowMatchObjective, type FlowMatchOptions } from './training/flow-match-objective';
export {
  flowMatchLoss,
  type FlowMatchBatch,
  type WeightingScheme,
} from './training/flow-match-loss';
export { InpaintingObjective, type InpaintingBatch } from './training/inpainting-objective';
export { randomMasks } from './training/random-masks';
export { AdapterObjective } from './training/adapter-objective';
export { Trainer, type FitOptions } from './training/trainer';
export { type ExchangeGradients, type TrainerOptions } from './training/trainer-options';
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
export { logStep, readRunLog } from './training/run-log';
export { OutOfMemoryError } from './training/out-of-memory';
export { CheckpointSaveError } from './io/runs/checkpoint-commit';
export { FolderLockedError } from './io/runs/folder-lock';

export { crossAttentionMaps } from './pipelines/attention-maps';
export {
  timestepLosses,
  type TimestepLossesOptions,
  type TimestepLossParts,
  type TimestepLossResult,
} from './training/timestep-losses';
export { TextToImagePipeline } from './pipelines/text-to-image';
export { type TextToImageOutput, type TextToImageParts } from './pipelines/text-to-image-parts';
export { ImageToImagePipeline, type ImageToImageOptions } from './pipelines/image-to-image';
export { InpaintPipeline, type InpaintOptions } from './pipelines/inpaint';
export { type PictureOutput } from './pipelines/picture-pipeline';
export { leastStrength, strengthPlan, type StrengthPlan } from './pipelines/strength';
export { type GenerateOptions, type StepEnd } from './pipelines/generate-options';
export { type ProgressBarConfig } from './pipelines/progress-bar-config';
export { Intermediates, type Intermediate } from './pipelines/intermediates';
export { pixelCodec, type Codec } from './models/codec';
export { saveWebPage, type SavedWebPage, type WebPageOptions } from './page/save-web-page';
export { type PageParts } from './page/page-model';
export { type WeightFormat } from './web/quantized';
export { type PretrainedOptions } from './models/pretrained';
export { type UNetExtras } from './models/unet-2d-condition';
export { type Conditioning, type Denoiser, type ModelExtras } from './conditioning/conditioning';
export { registerPartClass } from './pretrained/parts';
export {
  diffusionLoss,
  type DiffusionBatch,
  type DiffusionLossParts,
} from './training/diffusion-loss';
export { loadCheckpoint, saveCheckpoint, type CheckpointParts } from './pretrained/checkpoint';
export { Judge, type JudgeCard, type Judgement } from './mnist/evaluation/judge';
export { wilson, type Share } from './metrics/wilson';
export { promptedAccuracy, type PromptedAccuracy } from './mnist/evaluation/prompted-accuracy';
export { compareImages, type Comparison, type RealFloor } from './mnist/evaluation/compare';
export {
  evaluate,
  realReference,
  type EvaluateParts,
  type Evaluation,
  type RealReference,
} from './mnist/evaluation/evaluate';
export { frechetDistance, frechetStandardError } from './metrics/frechet';
export { drawDigits, unitImages, type DrawOptions } from './mnist/evaluation/generated-images';
export { kernelDistance } from './metrics/kernel-distance';
export { memorisation, nearestRows, type Memorisation, type Nearest } from './metrics/memorisation';
export { retrieval } from './metrics/retrieval';
export { type Features } from './metrics/features';
export { manifoldMetrics, withinClassDistance, type Manifold } from './metrics/manifold';
export { sanityRows } from './mnist/evaluation/sanity';
export { judgeAccuracy, trainJudge, type TrainJudgeOptions } from './mnist/evaluation/train-judge';
export { snapshotDownload, type HubProgress, type SnapshotOptions } from './io/hub';
export { HubError, IncompleteSnapshotError } from './io/hub/errors';
export { writeManifest } from './io/runs/manifest';
export { readSafetensors, SafetensorsError, writeSafetensors } from './io/safetensors';

export { denoisingAnimation, type DenoisingFrame, type DenoisingOptions } from './charts/denoising';
export { Figure } from './figure/figure';
export { guidancePlot, type GuidancePoint } from './mnist/evaluation/guidance-plot';
export { imageGrid, type ImageGridOptions } from './charts/image-grid';
export { type ImageBatch } from './figure/images';
export { Image, Images } from './images/images';
export type { SaveImageOptions, SaveImagesOptions } from './images/image-files';
export {
  attentionPlot,
  embeddingPlot,
  lossByTimestep,
  type Numbers,
  type TimestepLoss,
} from './charts/model-plots';
export {
  bar,
  heatmap,
  scatter,
  type BarOptions,
  type HeatmapOptions,
  type ScatterOptions,
} from './charts/basic-plots';
export { histogram, type HistogramOptions } from './charts/histogram';
export { type ChartOptions } from './charts/chart-options';
export { linePlot, type LinePlotOptions, type Lines, type LineSeries } from './charts/line-plot';
export { type NumberList, type NumberRows } from './charts/numbers-of';
export {
  trainingPlot,
  type MemoryAtStep,
  type MemoryUse,
  type TrainingPlotOptions,
  type TrainingPoint,
} from './charts/training-plot';
export { runsPlot, type RunCurve, type RunsPlotOptions } from './charts/runs-plot';
export { type Samples } from './charts/sample-rows';
export { lossCurve, noiseSchedule, type LossPoint } from './charts/plots';
export { encodePng, imagesToGrid } from './figure/png';
