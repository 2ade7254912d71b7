/** All reading and writing of models in Node; importing it lets `fromPretrained` and `savePretrained` get at files. */
import { setPretrainedFiles } from '../models/pretrained';
import { checkedFolder, loadParts } from './checkpoint';
import { saveParts } from './parts';
import { readFiles, writeFiles } from './tokenizer-files';

setPretrainedFiles({
  loadPipeline: (name) => loadParts(checkedFolder(name)),
  savePipeline: saveParts,
  readFiles,
  writeFiles,
});
