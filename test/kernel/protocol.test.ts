import fs from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { root } from '../support/script';
import { temporaryFolder } from '../support/temporary';
import { runPython } from './run-python';

interface Outcome {
  readonly status: 'passed' | 'failed' | 'skipped';
  readonly detail?: string;
}

/** Jupyter's own tests. The pager is left out: its payload is deprecated, and TypeScript has none. */
const standard = [
  'clear_output',
  'completion',
  'display_data',
  'error',
  'execute_result',
  'execute_stderr',
  'execute_stdout',
  'history',
  'inspect',
  'is_complete',
  'kernel_info',
];

const own = [
  'comm_info',
  'failed_cell_loses_nothing',
  'inspect_of_the_library',
  'interrupt_asynchronous',
  'interrupt_leaves_declarations',
  'interrupt_of_a_waiting_cell',
  'interrupt_request',
  'interrupt_synchronous',
  'interrupt_twice_within_a_step',
  'no_message_is_lost',
  'restart',
  'shutdown',
  'silent_and_history',
  'silent_failure_refuses_nothing',
  'stdin_refused',
  'traceback_lines',
  'type_error_line',
  'update_display',
];

let outcomes: Record<string, Outcome>;

beforeAll(async () => {
  const file = path.join(temporaryFolder('sdm-protocol'), 'outcomes.json');
  await runPython('protocol.py', file, path.join(root, 'notebooks'));
  outcomes = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, Outcome>;
}, 600_000);

describe.each([
  ["Jupyter's tests of kernels", standard],
  ['further tests of the protocol', own],
])('%s', (_, names) => {
  it.each(names)('%s', (name) => {
    expect(outcomes[`test_${name}`]).toEqual({ status: 'passed', detail: '' });
  });
});

it('runs no test that is not named here', () => {
  const named = [...standard, ...own, 'pager'].map((name) => `test_${name}`);
  expect(Object.keys(outcomes).sort()).toEqual(named.sort());
});
