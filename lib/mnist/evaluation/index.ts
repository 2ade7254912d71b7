/** What the commands `evaluate`, `export-model` and `learning-curve` are made of. */
export { modelCard, type EvaluationSettings, type ModelFacts } from './model-card';
export { columnsOf, confusionTable } from './report';
export { loadRunModel } from './run-model';
export { runOf, settingsOf } from './run-recipe';
export { timeTo, timeToText, type CurvePoint, type TimeTo } from './time-to';
export { weightsHash } from './weights-hash';
