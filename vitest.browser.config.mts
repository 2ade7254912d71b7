import path from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The notebooks take longest, a minute of updates only waits: begun first, they are not waited for at the end. */
class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const isLong = ({ moduleId }: TestSpecification) =>
      /(notebooks-|memory)/.test(path.basename(moduleId));
    const others = files.filter((file) => !isLong(file));
    return [...files.filter(isLong), ...(await super.sort(others))];
  }
}

// The tests in a real browser, each file with a JupyterLab of its own: they wait more than they work, so two at a
// time are no slower than one. SDM_SCREENSHOTS takes the README's pictures instead.
const kind = process.env.SDM_SCREENSHOTS ? 'shots' : 'browser';

export default defineConfig({
  test: {
    include: [`test/browser/**/*.${kind}.ts`],
    maxWorkers: 2,
    sequence: { sequencer: LongFirst },
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
