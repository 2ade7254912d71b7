/** What goes through TensorFlow's native binding, seen by a test. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { vi } from 'vitest';
import { nodeBackend } from '../../lib/backend/node';

type Binding = ReturnType<typeof nodeBackend>['binding'];

/** Puts other functions in place of the binding's, whose own properties cannot be defined anew; `vi.restoreAllMocks` undoes it. */
function replaceInBinding(make: (binding: Binding) => Partial<Binding>): void {
  const backend = nodeBackend();
  const { binding } = backend;
  const replaced = Object.create(
    binding,
    Object.getOwnPropertyDescriptors(make(binding)),
  ) as Binding;
  vi.spyOn(backend as { binding: Binding }, 'binding', 'get').mockReturnValue(replaced);
}

/** How many nodes of the graphs that are loaded from now on ask for XLA. */
export function nodesForXla(): { count: number } {
  const counted = { count: 0 };
  replaceInBinding((binding) => ({
    loadSavedModel(folder, tags) {
      const graph = readFileSync(path.join(folder, 'saved_model.pb'), 'latin1');
      counted.count += graph.split('_XlaCompile').length - 1;
      return binding.loadSavedModel(folder, tags);
    },
  }));
  return counted;
}

/** Runs of graphs from now on. */
export interface RunsOfGraphs {
  runs: number;
  /** Numbers that went to the host, tokens included. */
  fetched: number;
}

/** Counts runs; `before` is called with the number of each, from 1, and may throw in its place. */
export function runsOfGraphs(before: (run: number) => void = () => undefined): RunsOfGraphs {
  const counted = { runs: 0, fetched: 0 };
  replaceInBinding((binding) => ({
    runSavedModel(...args) {
      before(++counted.runs);
      const results = binding.runSavedModel(...args);
      for (const { shape } of results) counted.fetched += shape.reduce((size, n) => size * n, 1);
      return results;
    },
  }));
  return counted;
}
