// npm test: set-up, then types, lint, format, the tests, and the notebooks in their shortest form in a real
// browser. `npm test -- <arguments of vitest>` runs vitest alone, for example
// `npm test -- test/nn` or `npm test -- test/browser`.
import fs from 'node:fs';
import { givenOptions } from './command-line/parse.mjs';
import { commands, readCommandLine } from './commands/index.mjs';
import { inBrowser } from './commands/test.mjs';
import { chromium } from './setup/chromium.mjs';
import { inRoot } from './setup/paths.mjs';
import { kernelTestPackages, parityPackages } from './setup/python-packages.mjs';
import { setUpOrExit } from './setup/run.mjs';
import { runShown } from './test/command.mjs';
import {
  addCounts,
  closingLine,
  countCheck,
  countVitest,
  failuresOfVitest,
} from './test/counts.mjs';
import { whyWithoutCuda } from './test/cuda.mjs';

const { values, words, rest } = readCommandLine('test');
const started = performance.now();
await setUpOrExit({ extra: [kernelTestPackages, parityPackages, chromium] });

const bin = (...parts) => inRoot('node_modules', ...parts);
const node = (...args) => runShown(process.execPath, args);
const vitest = (...args) => node(bin('vitest', 'vitest.mjs'), 'run', ...args);

const wanted = [...words, ...givenOptions(commands.test, values), ...rest];
if (wanted.length > 0) {
  const own = words.some(inBrowser) ? ['-c', 'vitest.browser.config.mts'] : [];
  process.exit(await vitest(...own, ...wanted));
}

const runs = inRoot('runs', 'test');
fs.rmSync(runs, { recursive: true, force: true });
fs.mkdirSync(runs, { recursive: true });

const failures = [];
async function countedVitest(name, ...args) {
  const report = `${runs}/${name}.json`;
  const code = await vitest(
    ...args,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  );
  failures.push(...failuresOfVitest(report));
  return countVitest(report, code);
}

/** Each on one core and quiet where it passes: they run side by side. */
const checks = [
  [
    'types',
    async () => {
      const tsc = bin('typescript', 'bin', 'tsc');
      const all = await node(tsc, '--noEmit', '-p', 'tsconfig.check.json');
      // The page's types are a browser's.
      return countCheck(all || (await node(tsc, '-p', 'web/tsconfig.json')));
    },
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
];
/** One after the other; what keeps disk and network busy comes last. */
const withoutCuda = whyWithoutCuda();
const parts = [
  ['tests', () => countedVitest('vitest', '--project=shared', '--project=isolated')],
  ['browser', () => countedVitest('browser', '-c', 'vitest.browser.config.mts')],
  ...(withoutCuda === null ? [['cuda', () => countedVitest('cuda', '--project=cuda')]] : []),
];

async function timed([name, run]) {
  const partStarted = performance.now();
  const counts = await run();
  return { name, counts, seconds: (performance.now() - partStarted) / 1000 };
}

console.log(`\n== ${checks.map(([name]) => name).join(', ')}`);
const results = await Promise.all(checks.map(timed));
for (const part of parts) {
  console.log(`\n== ${part[0]}`);
  results.push(await timed(part));
}

console.log('\n== summary');
// Again, where a log that is cut still has them.
for (const failure of failures) console.log(`failed: ${failure}`);
for (const { name, counts, seconds } of results) {
  const mark = counts.failed === 0 ? 'ok  ' : 'FAIL';
  console.log(`${mark}  ${name}: ${closingLine(counts)} (${seconds.toFixed(0)} s)`);
}
if (withoutCuda !== null) console.log(`NOT RUN  cuda: ${withoutCuda}`);
const total = addCounts(results.map(({ counts }) => counts));
console.log(`all of it took ${((performance.now() - started) / 60_000).toFixed(1)} min`);
console.log(closingLine(total));
process.exit(total.failed === 0 && total.passed > 0 ? 0 : 1);
