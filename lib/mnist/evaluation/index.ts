/** What the commands `evaluate`, `export-model` and `learning-curve` are made of. */
export { emojiModelCard, type EmojiModelFacts } from '../../emoji/evaluation/model-card';
export {
  drawingName,
  findMeasures,
  saveMeasures,
  type EvaluationSettings,
  type Measures,
} from './measures';
export { modelCard, type ModelFacts } from './model-card';
export { columnsOf, confusionTable } from './report';
export { loadRunModel, type RunModelOptions } from './run-model';
export { runOf, saveRecipe, settingsOf } from './run-recipe';
export { weightsHash } from './weights-hash';
