import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The notebooks take longest: begun first, they are not waited for at the end. */
class NotebooksFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]) {
    const isNotebooks = ({ moduleId }: TestSpecification) => moduleId.includes('notebooks-');
    const others = files.filter((file) => !isNotebooks(file));
    return [...files.filter(isNotebooks), ...(await super.sort(others))];
  }
}

// The tests in a real browser, each file with a JupyterLab of its own: they wait more than they work, so two at a
// time are no slower than one. SDM_SCREENSHOTS takes the README's pictures instead.
const kind = process.env.SDM_SCREENSHOTS ? 'shots' : 'browser';

export default defineConfig({
  test: {
    include: [`test/browser/**/*.${kind}.ts`],
    maxWorkers: 2,
    sequence: { sequencer: NotebooksFirst },
    testTimeout: 240_000,
    hookTimeout: 120_000,
  },
});
