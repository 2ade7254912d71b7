/** The hub's environment variables mean what they mean to huggingface_hub. */
import path from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { CASES, environmentOf, resolved, writeTokens, type Resolved } from '../io/hub/environments';
import { MINUTES_10, readJson, runPython, temporaryFolder, writeJson } from './python';

const folder = temporaryFolder();
const environments = CASES.map((entry) => environmentOf(entry, folder));
let python: Record<string, unknown>[];
beforeAll(() => {
  writeTokens(folder);
  writeJson(path.join(folder, 'environments.json'), environments);
  runPython('hub_environment.py', folder);
  python = readJson(path.join(folder, 'resolved.json')) as Record<string, unknown>[];
}, MINUTES_10);

it.each(CASES.map(([env], i): [string, number] => [JSON.stringify(env), i]))('%s', (_, i) => {
  const ours: Resolved = resolved(environments[i]!);
  expect({ ...ours, disableProgressBars: ours.disableProgressBars ?? null }).toEqual(python[i]);
});
