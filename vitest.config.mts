import { defineConfig } from 'vitest/config';

// Some of the isolated need a process that never saw a kernel: neither ours nor tslab's modules.
const cuda = 'test/setup/cuda.test.ts';
const isolated = ['test/{figure,charts,notebook}/**/*.test.ts'];

export default defineConfig({
  test: {
    // TensorFlow's native library cannot be loaded by several threads of one process.
    pool: 'forks',
    // A file that starts or waits leaves the processor to another; more would only share it.
    maxWorkers: 2,
    setupFiles: ['test/support/matchers.ts', 'test/support/remove-temporary.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // To load TensorFlow anew for each file takes more time than most files' tests.
    projects: [
      {
        extends: true,
        test: {
          name: 'shared',
          isolate: false,
          include: ['test/**/*.test.ts'],
          exclude: [...isolated, cuda],
        },
      },
      { extends: true, test: { name: 'isolated', include: isolated } },
      // Alone, after all others: it keeps disk and network busy. Runs where it is asked for (scripts/test/cuda.mjs).
      { extends: true, test: { name: 'cuda', include: [cuda], sequence: { groupOrder: 1 } } },
    ],
  },
});
