import { builtinModules } from 'node:module';
import js from '@eslint/js';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * What each room (a folder or file of lib/) may import of the others, floor by floor from the ground: imports point
 * down only. A room may always import from its own folder; lib/index.ts and lib/notebook.ts may import everything. The
 * map in CONTRIBUTING.md shows the same.
 */
const ground = [
  'stop.ts',
  'progress.ts',
  'pieces.ts',
  'notices.ts',
  'options.ts',
  'rounding.ts',
  'images',
  'backend',
];
const ops = [...ground, 'random', 'jit'];
const layers = [...ops, 'nn', 'datasets'];
const parts = [...layers, 'models', 'schedulers', 'conditioning', 'optim'];
const machines = [...parts, 'io', 'pretrained'];
const shown = ['figure', 'charts', 'metrics'];
const rooms = {
  'stop.ts': [],
  'progress.ts': [],
  'notices.ts': [],
  'options.ts': [],
  'rounding.ts': [],
  'pieces.ts': ['progress.ts', 'stop.ts'],
  images: [],
  io: ['notices.ts'],
  // The parsers of weights stand alone, so that they can be read and used by themselves.
  'io/safetensors': ['io'],
  'backend/*.ts': [],
  random: ['backend', 'options.ts'],
  jit: ['backend'],
  // Kernels for what asks for them by name, here in WebAssembly.
  'backend/wasm': ['backend'],
  // Makes graphs for jit and kernels for what asks for them by name.
  'backend/node': ['backend', 'jit'],
  nn: ops,
  datasets: ops,
  figure: ['images', 'stop.ts', 'options.ts'],
  'image-datasets': [...ops, 'datasets', 'io'],
  metrics: [],
  models: layers,
  schedulers: layers,
  conditioning: layers,
  optim: layers,
  pretrained: [...parts, 'io'],
  training: machines,
  // Sampling runs in a page, too: it reads no files.
  pipelines: parts,
  // Models from an address, over whatever backend is open.
  web: [...parts, 'io/safetensors', 'pipelines'],
  // A model as a page: what a browser draws with, written as files.
  page: [...machines, 'web', 'pipelines'],
  charts: ['figure', 'images', 'options.ts'],
  emoji: [...machines, 'image-datasets', 'training', 'pipelines', 'metrics'],
  mnist: [...machines, 'image-datasets', 'emoji', 'training', 'pipelines', ...shown],
  notebook: [...machines, 'training', 'pipelines', 'page', ...shown],
};

const zones = Object.entries(rooms).map(([room, allowed]) => ({
  target: `./lib/${room}`,
  from: './lib',
  except: [...new Set([...(room.includes('*') ? [] : [room]), ...allowed])].map(
    (name) => `./${name}`,
  ),
  message: `lib/${room} may import only ${allowed.join(', ') || 'nothing'} of the other rooms.`,
}));

/** The rooms that run on any backend of tfjs, in a page as under Node. */
const portable = [
  'lib/{stop,progress,pieces,notices,options,rounding}.ts',
  'lib/web.ts',
  'lib/backend/*.ts',
  'lib/backend/wasm/*.ts',
  'lib/io/safetensors/{check,error,half,header,json,numbers,parse}.ts',
  'lib/{images,random,jit,nn,models,schedulers,optim,conditioning,pipelines,web}/**/*.ts',
];

const tfjs = {
  regex: '^@tensorflow/',
  message: "Only lib/backend imports tfjs: import { tf } from '../backend'.",
};
const tfjsNode = {
  regex: '^\\.\\.?/node(/|$)|/backend/node(/|$)',
  message:
    'This room runs on any backend: ask for a kernel by its name (lib/backend/index.ts) and give a plain version.',
};
const nodeModules = {
  regex: `^(node:|(${builtinModules.join('|')})(/|$))`,
  message:
    'This room runs in a page too, which has no modules of Node: take what was read as an argument.',
};
const displayPackages = {
  regex: '^(plotly\\.js|tslab|jsdom|@resvg/)',
  message:
    'Only lib/figure and lib/notebook show things; the rest of lib hands out data and calls callbacks.',
};
/** Files are data: none is run, whatever it holds. */
const codeRunners = {
  regex: '^(node:)?(vm|child_process|worker_threads|cluster|repl|inspector)(/.*)?$',
  message: 'lib runs nothing but itself: files that others made are data.',
};
const restrictImports = (...patterns) => ({
  '@typescript-eslint/no-restricted-imports': ['error', { patterns: [codeRunners, ...patterns] }],
});
/** A module whose name is computed could be a file that someone else made. */
const noComputedCode = [
  {
    selector: 'ImportExpression > :not(Literal).source',
    message: 'Import by a literal name.',
  },
  {
    selector: 'CallExpression[callee.name="require"] > :not(Literal).arguments',
    message: 'Require by a literal name.',
  },
  {
    selector:
      'CallExpression[callee.type="CallExpression"][callee.callee.name="createRequire"] > :not(Literal).arguments',
    message: 'Require by a literal name.',
  },
  {
    selector: 'CallExpression[callee.property.name=/^(eval|runInThisContext|runInNewContext)$/]',
    message: 'No text is run as code.',
  },
];

/** A call takes some 120,000 arguments; a long run has more steps. */
const noSpreadData = {
  selector: 'CallExpression[callee.object.name="Math"] > SpreadElement',
  message: 'There may be too many values for one call: use extentOf of lib/figure/extent.ts.',
};

/** Every global of this Node, for scripts that run without TypeScript. */
const nodeGlobals = Object.fromEntries(
  [
    ...Object.getOwnPropertyNames(globalThis),
    'require',
    'module',
    'exports',
    '__dirname',
    '__filename',
  ].map((name) => [name, 'readonly']),
);

export default defineConfig(
  globalIgnores([
    '.setup',
    'dist',
    'runs',
    '.venv*',
    '**/build',
    'checkpoints',
    'data',
    'test/fixtures',
  ]),
  js.configs.recommended,
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: nodeGlobals },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: { sourceType: 'commonjs' },
  },
  {
    files: ['lib/**/*.ts', 'test/**/*.ts', 'web/**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: {
      parserOptions: { project: './tsconfig.check.json', tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' },
      ],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // tfjs infers a result's rank from the assertion, so that every `as tf.Tensor4D` looks needless.
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'prefer-const': 'error',
    },
  },
  {
    // The page's types are a browser's.
    files: ['web/**/*.ts'],
    languageOptions: { parserOptions: { project: './web/tsconfig.json' } },
  },
  {
    files: ['lib/**/*.ts'],
    plugins: { 'import-x': importX },
    settings: {
      'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js', '.json'] })],
    },
    rules: {
      'import-x/no-restricted-paths': ['error', { basePath: import.meta.dirname, zones }],
      'no-console': 'error',
      'no-eval': 'error',
      'no-new-func': 'error',
      '@typescript-eslint/no-implied-eval': 'error',
      'no-restricted-syntax': ['error', ...noComputedCode],
      'no-restricted-properties': [
        'error',
        {
          object: 'Math',
          property: 'random',
          message: 'Take a key of lib/random: numbers depend on the seed alone, eager and traced.',
        },
      ],
      ...restrictImports(tfjs, displayPackages),
    },
  },
  {
    files: portable,
    rules: {
      ...restrictImports(tfjs, displayPackages, tfjsNode, nodeModules),
      'no-restricted-globals': [
        'error',
        ...[
          'process',
          'Buffer',
          'require',
          '__dirname',
          '__filename',
          'setImmediate',
          'global',
        ].map((name) => ({ name, message: 'This room runs in a page too, where there is none.' })),
      ],
    },
  },
  {
    files: ['lib/backend/index.ts', 'lib/backend/wasm/index.ts'],
    rules: restrictImports(
      displayPackages,
      tfjsNode,
      { ...tfjsNode, regex: '^@tensorflow/tfjs-node' },
      nodeModules,
    ),
  },
  { files: ['lib/backend/node/binding.ts'], rules: restrictImports(displayPackages) },
  {
    // They wrap tfjs's methods, and Math.random itself, while a function is traced.
    files: ['lib/backend/node/binding.ts', 'lib/backend/node/graph/{guards,tracer}.ts'],
    rules: { '@typescript-eslint/unbound-method': 'off', 'no-restricted-properties': 'off' },
  },
  {
    // Plotly from its package into a page of its own, and what the set-up has built.
    files: ['lib/figure/page.ts', 'lib/backend/node/tensorflow-env.ts'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    // Emoji are drawn from SVG.
    files: ['lib/image-datasets/emoji/*.ts'],
    rules: restrictImports(tfjs, { ...displayPackages, regex: '^(plotly\\.js|tslab|jsdom)' }),
  },
  { files: ['lib/{figure,charts,notebook}/**/*.ts'], rules: restrictImports(tfjs) },
  {
    // Figures are drawn by plotly in a thread of its own, and by a browser where WebGL is needed.
    files: ['lib/figure/{drawing,drawing-thread,chromium}.ts'],
    rules: { '@typescript-eslint/no-restricted-imports': ['error', { patterns: [tfjs] }] },
  },
  {
    files: ['lib/{charts,notebook}/**/*.ts', 'lib/figure/**/!(page).ts'],
    rules: { 'no-restricted-syntax': ['error', ...noComputedCode, noSpreadData] },
  },
);
