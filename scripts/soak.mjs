// npm run soak: the reliability tests in their long form, part by part, and their figures in
// docs/reliability.md. A part that has passed is not run again, so that a run that was cut goes on.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { readCommandLine } from './commands/index.mjs';
import { inRoot } from './setup/paths.mjs';
import { parityPackages } from './setup/python-packages.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { SOAK_PARTS } from './soak/parts.mjs';
import { readResult, resultFile, soakFigures, withTable } from './soak/report.mjs';
import { runShown } from './test/command.mjs';

const { values } = readCommandLine('soak');
const names = SOAK_PARTS.map(({ name }) => name);
const only = values.only.flat();

const folder = inRoot('runs', 'soak');
if (values.anew) fs.rmSync(folder, { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });
const isChosen = ({ name }) =>
  only.length > 0 ? only.includes(name) : readResult(folder, name)?.failed !== false;
const chosen = SOAK_PARTS.filter(isChosen);
const needsParity = chosen.some(({ file }) => file.startsWith('test/parity/'));
await setUpOrExit({ extra: needsParity ? [parityPackages] : [] });
const machine = `${os.cpus().length} CPU cores, Node ${process.versions.node}`;

/** @param {import('./soak/parts.mjs').SoakPart} part */
async function runPart({ name, file, test }) {
  console.log(`\n== ${name}`);
  const figuresFile = path.join(folder, `${name}.jsonl`);
  fs.rmSync(figuresFile, { force: true });
  const started = performance.now();
  const chosenTest = test === undefined ? [] : ['-t', `^${test}`];
  const args = ['run', file, ...chosenTest, '--execArgv=--expose-gc'];
  const vitest = inRoot('node_modules', 'vitest', 'vitest.mjs');
  const env = { ...process.env, SDM_SOAK: figuresFile };
  const failed = (await runShown(process.execPath, [vitest, ...args], env)) !== 0;
  const lines = fs.existsSync(figuresFile)
    ? fs.readFileSync(figuresFile, 'utf8').trim().split('\n')
    : [];
  const result = {
    name,
    date: new Date().toISOString().slice(0, 10),
    minutes: (performance.now() - started) / 60_000,
    failed,
    machine,
    figures: lines.map((line) => JSON.parse(line)),
  };
  fs.writeFileSync(resultFile(folder, name), JSON.stringify(result, null, 1));
  fs.rmSync(figuresFile, { force: true });
}

if (chosen.length === 0) console.log('All parts have passed: --anew runs them again.');
for (const part of chosen) await runPart(part);

const found = names.flatMap((name) => readResult(folder, name) ?? []);
const results = new Map(found.map((result) => [result.name, result]));
const document = inRoot('docs', 'reliability.md');
const text = fs.readFileSync(document, 'utf8');
const table = soakFigures(names, results, text, machine);
fs.writeFileSync(document, withTable(text, table));
console.log(`\n${table}`);
process.exit(chosen.some(({ name }) => results.get(name)?.failed) ? 1 : 0);
