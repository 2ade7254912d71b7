// npm run soak: the reliability tests in their long form, and their figures in docs/reliability.md.
// `npm run soak -- test/io/hub` runs only some files and leaves the document as it is.
import fs from 'node:fs';
import os from 'node:os';
import { inRoot } from './setup/paths.mjs';
import { parityPackages } from './setup/python-packages.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { runShown } from './test/command.mjs';

const FILES = [
  'test/io',
  'test/parity/safetensors',
  'test/parity/random-configs',
  'test/parity/continue',
  'test/training/exact-resume',
  'test/training/out-of-memory',
  'test/training/skip',
  'test/training/long-run',
];
const START = '<!-- figures of the last run -->';
const END = '<!-- end of figures -->';

await setUpOrExit({ extra: [parityPackages] });
const runs = inRoot('runs', 'soak');
fs.rmSync(runs, { recursive: true, force: true });
fs.mkdirSync(runs, { recursive: true });
process.env.SDM_SOAK = '1';

const wanted = process.argv.slice(2);
const started = performance.now();
let failed = 0;
for (const file of wanted.length > 0 ? wanted : FILES) {
  const vitest = inRoot('node_modules', 'vitest', 'vitest.mjs');
  const args = ['--expose-gc', vitest, 'run', file, '--execArgv=--expose-gc'];
  if ((await runShown(process.execPath, args)) !== 0) failed += 1;
}
const minutes = (performance.now() - started) / 60_000;
const figuresFile = `${runs}/figures.jsonl`;
const figures = fs.existsSync(figuresFile)
  ? fs
      .readFileSync(figuresFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : [];
const table = [
  `Run of ${new Date().toISOString().slice(0, 10)} on ${os.cpus().length} CPU cores, Node ${process.versions.node}, ` +
    `${minutes.toFixed(0)} minutes, ${failed} of the files with a failure.`,
  '',
  '| promise | found |',
  '| --- | --- |',
  ...figures.map(({ promise, found }) => `| ${promise} | ${found.replaceAll('|', '\\|')} |`),
].join('\n');
console.log(`\n${table}`);
if (wanted.length === 0) {
  const document = inRoot('docs', 'reliability.md');
  const text = fs.readFileSync(document, 'utf8');
  const [before, rest] = text.split(START);
  const after = rest.split(END)[1];
  fs.writeFileSync(document, `${before}${START}\n\n${table}\n\n${END}${after}`);
}
process.exit(failed === 0 ? 0 : 1);
