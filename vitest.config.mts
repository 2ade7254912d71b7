import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // TensorFlow's native library cannot be loaded by several threads of one process.
    pool: 'forks',
    // A file that starts or waits leaves the processor to another; more would only share it.
    maxWorkers: 2,
    setupFiles: ['test/support/matchers.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
