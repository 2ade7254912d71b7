/** All reading and writing of models in Node; importing it lets `fromPretrained` and `savePretrained` get at files. */
import { setPretrainedFiles } from '../models/pretrained';
import { checkedFolder, loadParts } from './checkpoint';
import { placeOf, readModel, writeModel } from './model-files';
import { saveParts } from './parts';
import { readFiles, writeFiles } from './tokenizer-files';

setPretrainedFiles({
  readModel,
  writeModel,
  loadPipeline: (name, options) => loadParts(checkedFolder(name, options), undefined, options),
  savePipeline: saveParts,
  readFiles,
  placeOf,
  writeFiles,
});
