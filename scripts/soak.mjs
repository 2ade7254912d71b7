// npm run soak: the reliability tests in their long form, part by part, and their figures in
// docs/reliability.md. A part that has passed is not run again, so that a run that was cut goes on.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { inRoot } from './setup/paths.mjs';
import { parityPackages } from './setup/python-packages.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { readResult, resultFile, soakTable, writeTable } from './soak/report.mjs';
import { SOAK_PARTS } from './soak/parts.mjs';
import { runShown } from './test/command.mjs';

const names = SOAK_PARTS.map(({ name }) => name);
const HELP = `npm run soak -- [options]
  --only NAME   only this part, also if it has passed (repeatable): ${names.join(', ')}
  --anew        forget what has passed

Parts take minutes to hours. Beside other work: nice -n 19 npm run soak`;

const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true, default: [] },
    anew: { type: 'boolean', default: false },
    help: { type: 'boolean' },
  },
});
const unknown = values.only.filter((name) => !names.includes(name));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`No such part: ${unknown.join(', ')}.\n`);
  console.log(HELP);
  process.exit(values.help ? 0 : 2);
}

await setUpOrExit({ extra: [parityPackages] });
const folder = inRoot('runs', 'soak');
if (values.anew) fs.rmSync(folder, { recursive: true, force: true });
fs.mkdirSync(folder, { recursive: true });

/** @param {import('./soak/parts.mjs').SoakPart} part */
async function runPart({ name, file }) {
  console.log(`\n== ${name}`);
  const figuresFile = path.join(folder, `${name}.jsonl`);
  fs.rmSync(figuresFile, { force: true });
  const started = performance.now();
  const args = ['run', file, '--execArgv=--expose-gc'];
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
    figures: lines.map((line) => JSON.parse(line)),
  };
  fs.writeFileSync(resultFile(folder, name), JSON.stringify(result, null, 1));
  fs.rmSync(figuresFile, { force: true });
}

const chosen = SOAK_PARTS.filter(({ name }) =>
  values.only.length > 0 ? values.only.includes(name) : readResult(folder, name)?.failed !== false,
);
for (const part of chosen) await runPart(part);

const found = names.flatMap((name) => readResult(folder, name) ?? []);
const results = new Map(found.map((result) => [result.name, result]));
const table = soakTable(names, results);
const machine = `${os.cpus().length} CPU cores, Node ${process.versions.node}`;
writeTable(inRoot('docs', 'reliability.md'), `On ${machine}:\n\n${table}`);
console.log(`\n${table}`);
process.exit(chosen.some(({ name }) => results.get(name)?.failed) ? 1 : 0);
