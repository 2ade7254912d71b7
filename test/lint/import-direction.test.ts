import { join } from 'node:path';
import { ESLint } from 'eslint';
import { expect, it } from 'vitest';

const root = join(__dirname, '../..');
const IMPORT_RULES = new Set([
  'import-x/no-restricted-paths',
  '@typescript-eslint/no-restricted-imports',
]);
// Where CI is set, typescript-eslint would read the files from the disk once, and not the texts given here.
const parserOptions = { disallowAutomaticSingleRunInference: true };
const eslint = new ESLint({
  cwd: root,
  overrideConfig: { files: ['**/*.ts'], languageOptions: { parserOptions } },
});

/** What the project's rules on imports say of this text, were it the content of that file. */
async function complaints(file: string, text: string): Promise<string[]> {
  const results = await eslint.lintText(text, { filePath: join(root, file) });
  const messages = results.flatMap((result) => result.messages);
  expect(messages.filter(({ fatal }) => fatal)).toEqual([]);
  return messages
    .filter(({ ruleId }) => IMPORT_RULES.has(ruleId ?? ''))
    .map(({ message }) => message);
}

it.each([
  ['an import that points up', 'lib/nn/layers.ts', '../schedulers/ddpm', /lib\/nn may import only/],
  [
    'an import from the next room',
    'lib/schedulers/ddpm.ts',
    '../optim/adamw',
    /lib\/schedulers may/,
  ],
  ['an import from the index', 'lib/optim/adamw.ts', '../index', /lib\/optim may import only/],
  [
    'weights that need a model',
    'lib/io/safetensors.ts',
    '../nn/state-dict',
    /safetensors\* may import only io/,
  ],
  [
    'a checkpoint inside a model',
    'lib/models/resnet.ts',
    '../pipelines/checkpoint',
    /lib\/models may/,
  ],
  [
    'tfjs past the backend',
    'lib/nn/layers.ts',
    '@tensorflow/tfjs-node-gpu',
    /Only lib\/backend\.ts/,
  ],
  ['a plot from the library', 'lib/schedulers/ddpm.ts', 'tslab', /Only lib\/display shows/],
  ['tensors for the display', 'lib/display/png.ts', '../backend', /only types of the backend/],
  ['a model for the display', 'lib/display/png.ts', '../nn/layers', /lib\/display may import only/],
])('reports %s', async (_, file, from, message) => {
  const found = await complaints(file, `import * as it from '${from}';\nexport { it };\n`);
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(message);
});

it('allows imports that point down, and types of the backend', async () => {
  const down = `import { tf } from '../backend';\nimport '../nn/layers';\nimport './ddpm';\nexport { tf };\n`;
  expect(await complaints('lib/schedulers/ddpm.ts', down)).toEqual([]);
  const types = `import type { tf } from '../backend';\nexport type T = tf.Tensor;\n`;
  expect(await complaints('lib/display/png.ts', types)).toEqual([]);
});
