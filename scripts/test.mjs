// npm test: set-up, then types, lint, format, the tests and the notebooks in their shortest form.
// `npm test -- <arguments of vitest>` runs vitest alone, for example `npm test -- test/nn`.
import fs from 'node:fs';
import { inRoot, jupyterEnvironment, venvPython } from './setup/paths.mjs';
import { parityPackages } from './setup/python-packages.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { runShown } from './test/command.mjs';
import { addCounts, closingLine, countCheck, countNotebooks, countVitest } from './test/counts.mjs';

const started = performance.now();
await setUpOrExit({ extra: [parityPackages] });

const bin = (...parts) => inRoot('node_modules', ...parts);
const node = (...args) => runShown(process.execPath, args);
const vitest = (...args) => node(bin('vitest', 'vitest.mjs'), 'run', ...args);

const wanted = process.argv.slice(2);
if (wanted.length > 0) process.exit(await vitest(...wanted));

const runs = inRoot('runs', 'test');
fs.rmSync(runs, { recursive: true, force: true });
fs.mkdirSync(runs, { recursive: true });

const parts = [
  [
    'types',
    async () =>
      countCheck(
        await node(bin('typescript', 'bin', 'tsc'), '--noEmit', '-p', 'tsconfig.check.json'),
      ),
  ],
  [
    'lint',
    async () =>
      countCheck(await node(bin('eslint', 'bin', 'eslint.js'), '--max-warnings', '0', '.')),
  ],
  [
    'format',
    async () => countCheck(await node(bin('prettier', 'bin', 'prettier.cjs'), '--check', '.')),
  ],
  [
    'tests',
    async () => {
      const report = `${runs}/vitest.json`;
      const code = await vitest(
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${report}`,
      );
      return countVitest(report, code);
    },
  ],
  [
    'notebooks',
    async () => {
      const code = await runShown(
        venvPython,
        ['-B', inRoot('scripts', 'notebooks', 'run.py'), '-p', 'preset', 'smoke', '--output', runs],
        jupyterEnvironment(),
      );
      return countNotebooks(`${runs}/summary.json`, code);
    },
  ],
];

const results = [];
for (const [name, run] of parts) {
  console.log(`\n== ${name}`);
  const partStarted = performance.now();
  const counts = await run();
  results.push({ name, counts, seconds: (performance.now() - partStarted) / 1000 });
}

console.log('\n== summary');
for (const { name, counts, seconds } of results) {
  const mark = counts.failed === 0 ? 'ok  ' : 'FAIL';
  console.log(`${mark}  ${name}: ${closingLine(counts)} (${seconds.toFixed(0)} s)`);
}
const total = addCounts(results.map(({ counts }) => counts));
console.log(`all of it took ${((performance.now() - started) / 60_000).toFixed(1)} min`);
console.log(closingLine(total));
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
