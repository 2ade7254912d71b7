/** The project's own rules of the linter, in one file: it takes long to start. */
import { join } from 'node:path';
import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';
import { root } from '../support/script';

// Where CI is set, typescript-eslint would read the files from the disk once, and not the texts given here.
const parserOptions = { disallowAutomaticSingleRunInference: true };
const eslint = new ESLint({
  cwd: root,
  overrideConfig: { files: ['**/*.ts'], languageOptions: { parserOptions } },
});

/** What these of the project's rules say of this text, were it the content of that file. */
async function complaints(
  rules: ReadonlySet<string>,
  file: string,
  text: string,
): Promise<string[]> {
  const results = await eslint.lintText(text, { filePath: join(root, file) });
  const messages = results.flatMap((result) => result.messages);
  expect(messages.filter(({ fatal }) => fatal)).toEqual([]);
  return messages.filter(({ ruleId }) => rules.has(ruleId ?? '')).map(({ message }) => message);
}

describe('imports point down', () => {
  const IMPORT_RULES = new Set([
    'import-x/no-restricted-paths',
    '@typescript-eslint/no-restricted-imports',
  ]);

  it.each([
    [
      'an import that points up',
      'lib/nn/layers.ts',
      '../schedulers/ddpm',
      /lib\/nn may import only/,
    ],
    [
      'an import from the next room',
      'lib/schedulers/ddpm.ts',
      '../optim/adamw',
      /lib\/schedulers may/,
    ],
    ['an import from the index', 'lib/optim/adamw.ts', '../index', /lib\/optim may import only/],
    [
      'weights that need a model',
      'lib/io/safetensors/index.ts',
      '../../nn/state-dict',
      /safetensors may import only io/,
    ],
    [
      'a checkpoint inside a model',
      'lib/models/resnet.ts',
      '../pipelines/text-to-image',
      /lib\/models may/,
    ],
    [
      'tfjs past the backend',
      'lib/nn/layers.ts',
      '@tensorflow/tfjs-node-gpu',
      /Only lib\/backend imports tfjs/,
    ],
    ['a plot from the library', 'lib/schedulers/ddpm.ts', 'tslab', /Only lib\/figure and/],
    ['tensors for a figure', 'lib/figure/png.ts', '../backend', /lib\/figure may import only/],
    ['a model for a figure', 'lib/figure/png.ts', '../nn/layers', /lib\/figure may import only/],
  ])('reports %s', async (_, file, from, message) => {
    const found = await complaints(
      IMPORT_RULES,
      file,
      `import * as it from '${from}';\nexport { it };\n`,
    );
    expect(found.join('\n')).toMatch(message);
  });

  it('allows imports that point down', async () => {
    const down = `import { tf } from '../backend';\nimport '../nn/layers';\nimport './ddpm';\nexport { tf };\n`;
    expect(await complaints(IMPORT_RULES, 'lib/schedulers/ddpm.ts', down)).toEqual([]);
  });
});

describe('calls over data', () => {
  const RULES = new Set(['no-restricted-syntax']);
  const largest = 'export const f = (values: number[]) => Math.max(...values);\n';

  it.each(['lib/figure/png.ts', 'lib/charts/plots.ts', 'lib/notebook/form.ts'])(
    'do not spread it in %s',
    async (file) => {
      expect((await complaints(RULES, file, largest))[0]).toMatch(/use extentOf/);
    },
  );
});

describe('what runs on any backend needs neither Node nor tfjs-node', () => {
  const RULES = new Set([
    'import-x/no-restricted-paths',
    '@typescript-eslint/no-restricted-imports',
    'no-restricted-globals',
  ]);
  const imported = (from: string) => `import * as it from '${from}';\nexport { it };\n`;
  const NODE = /modules of Node/;
  const TFJS_NODE = /runs on any backend/;

  it.each([
    ['lib/nn/kernels/geglu.ts', 'node:fs', NODE],
    ['lib/schedulers/ddpm.ts', 'path', NODE],
    ['lib/random/index.ts', 'node:crypto', NODE],
    ['lib/backend/index.ts', 'node:os', NODE],
    ['lib/jit/jit.ts', 'fs/promises', NODE],
    ['lib/stop.ts', 'node:timers', NODE],
    ['lib/models/resnet.ts', 'node:path', NODE],
    ['lib/web/load-pipeline.ts', 'node:fs', NODE],
    ['lib/io/safetensors/parse.ts', 'node:fs', NODE],
    ['lib/optim/adamw.ts', '../backend/node', TFJS_NODE],
    ['lib/web/load-pipeline.ts', '../backend/node', TFJS_NODE],
    ['lib/backend/wasm/linear.ts', '../node', TFJS_NODE],
    ['lib/backend/wasm/index.ts', '@tensorflow/tfjs-node-gpu', TFJS_NODE],
    ['lib/nn/kernels/conv3x3.ts', '../../backend/node/binding', TFJS_NODE],
    ['lib/pipelines/denoise-step.ts', '../backend/node/graph/tracer', TFJS_NODE],
    ['lib/backend/index.ts', './node', TFJS_NODE],
    ['lib/backend/index.ts', '@tensorflow/tfjs-node-gpu', TFJS_NODE],
  ])('%s may not import %s', async (file, from, message) => {
    const found = await complaints(RULES, file, imported(from));
    expect(found.filter((text) => message.test(text))).toHaveLength(1);
  });

  it.each(['process.env', "Buffer.from('x')", '__dirname', 'setImmediate'])(
    'lib/nn may not use %s',
    async (global) => {
      const found = await complaints(
        RULES,
        'lib/nn/layers.ts',
        `export const x: unknown = ${global};\n`,
      );
      expect(found).toHaveLength(1);
      expect(found[0]).toMatch(/in a page/);
    },
  );

  it.each([
    ['lib/backend/index.ts', '@tensorflow/tfjs-core'],
    ['lib/backend/node/binding.ts', '@tensorflow/tfjs-node-gpu'],
    ['lib/backend/node/device.ts', 'node:os'],
    ['lib/training/micro-batches.ts', '../backend/node'],
  ])('%s may import %s', async (file, from) => {
    expect(await complaints(RULES, file, imported(from))).toEqual([]);
  });

  it('keeps graphs and kernels of Node below the layers that ask for them', async () => {
    const found = await complaints(
      RULES,
      'lib/backend/node/kernels/fused.ts',
      imported('../../../nn/layers'),
    );
    expect(found[0]).toMatch(/lib\/backend\/node may import only backend, jit/);
  });
});

describe('nothing runs what a file holds', () => {
  const CODE_RULES = new Set([
    'no-eval',
    'no-new-func',
    'no-restricted-syntax',
    '@typescript-eslint/no-implied-eval',
    '@typescript-eslint/no-restricted-imports',
  ]);
  const ways: readonly (readonly [string, string])[] = [
    ['eval', "eval('1');"],
    ['eval by another name', "globalThis.eval('1');"],
    [
      'eval of a window',
      "(globalThis as unknown as { window: typeof globalThis }).window.eval('1');",
    ],
    ['new Function', "new Function('return 1');"],
    ['a timer with text', "setTimeout('1', 1);"],
    ['vm', "import vm from 'node:vm';\nvm.runInThisContext('1');"],
    ['vm without a prefix', "import * as vm from 'vm';\nexport { vm };"],
    ['a process', "import { spawn } from 'node:child_process';\nspawn('sh');"],
    ['a worker', "import { Worker } from 'node:worker_threads';\nexport { Worker };"],
    ['an import by a computed name', 'export const load = (file: string) => import(file);'],
    [
      'a require by a computed name',
      "import { createRequire } from 'node:module';\n" +
        'export const load = (file: string): unknown => createRequire(__filename)(file);',
    ],
  ];

  it.each(ways)('reports %s', async (_, text) => {
    const found = await complaints(
      CODE_RULES,
      'lib/io/safetensors/reader.ts',
      `${text}\nexport {};\n`,
    );
    expect(found.length).toBeGreaterThan(0);
  });

  it('lets JSON be read', async () => {
    const text =
      "import { readFileSync } from 'node:fs';\nexport const x = JSON.parse(readFileSync('x', 'utf8')) as object;\n";
    expect(await complaints(CODE_RULES, 'lib/io/safetensors/reader.ts', text)).toEqual([]);
  });
});
