import fs from 'node:fs';
import path from 'node:path';
import { choice, newFile, newFolder, port } from '../command-line/kinds.mjs';
import { modelFolder } from './models.mjs';
import { WEIGHT_FORMATS } from './names.mjs';

/** The folder is replaced as a whole: what is no page of ours must not be lost. */
function check({ output, single, serve, port: given }) {
  if (given !== undefined && !serve) return '--port needs --serve.';
  if (serve && single !== undefined && output === undefined) {
    return '--serve needs --output beside --single: a single file is opened from the disk, without a server.';
  }
  if (output === undefined) return null;
  const isNew = !fs.existsSync(output) || fs.readdirSync(output).length === 0;
  if (isNew || fs.existsSync(path.join(output, 'engine.wasm'))) return null;
  return `--output ${output}: expected a new folder or one of an earlier page, which is replaced; that one holds something else.`;
}

/** @type {import('../command-line/parse.mjs').Command} */
export const web = {
  name: 'web',
  run: 'npm run web',
  summary:
    "Makes a page that draws with a model in the reader's browser, with no server and no kernel: as a folder for any static host, " +
    'as one HTML file, or both.',
  options: {
    checkpoint: {
      kind: modelFolder,
      also: ['model', 'run', 'from', 'folder'],
      help: "a model's folder, a training checkpoint, or a run's folder (averaged weights if the run averaged)",
    },
    output: {
      kind: newFolder,
      also: ['out', 'out-dir'],
      byDefault: 'runs/web, without --single',
      help: 'the folder for a static host',
    },
    single: {
      kind: newFile(['.html']),
      also: ['file', 'single-file'],
      byDefault: 'none',
      help: 'one file with everything inside, which opens from the disk, too',
    },
    weights: {
      kind: choice(WEIGHT_FORMATS),
      default: 'int8',
      also: ['dtype', 'precision'],
      help: 'how the weights are kept: float32 is four times as large as int8',
    },
    serve: {
      also: ['open', 'preview'],
      help: 'then serve the folder on this machine, until Ctrl-C',
    },
    port: { kind: port, byDefault: '4173, or the next free one', help: 'where --serve listens' },
  },
  mustHave: ['checkpoint'],
  check,
  example: 'npm run web -- --checkpoint checkpoints/mnist-text-to-image --single digits.html',
};
