// npm run compare -- FOLDER: whether another clone of the library, set up and compiled, computes and writes the same, to
// the bit: losses, norms and learning rates of trainings, a resumed run, images of the model that ships, all files.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { readCommandLine } from './commands/index.mjs';
import { inRoot } from './setup/paths.mjs';
import { setUpOrExit } from './setup/run.mjs';

const [other] = readCommandLine('compare').words;
await setUpOrExit();

function numbersOf(root) {
  console.error(`${root}: trains, resumes and draws …`);
  const script = inRoot('scripts', 'compare-versions', 'numbers.cjs');
  const args = [script, path.join(root, 'dist')];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status === 0) return JSON.parse(stdout);
  console.error(`${root}: ${stderr}`);
  process.exit(1);
}

/** Every leaf that differs, with its place. */
function differences(a, b, place = '') {
  const isGroup = (value) => typeof value === 'object' && value !== null;
  if (!isGroup(a) || !isGroup(b)) {
    return Object.is(a, b)
      ? []
      : [`${place}: ${JSON.stringify(a)} there, ${JSON.stringify(b)} here`];
  }
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return keys.flatMap((key) => differences(a[key], b[key], place ? `${place} › ${key}` : key));
}

const count = (value) =>
  typeof value === 'object' && value !== null
    ? Object.values(value).reduce((sum, item) => sum + count(item), 0)
    : 1;

const [there, here] = [numbersOf(other), numbersOf(inRoot())];
const found = differences(there, here);
for (const line of found) console.log(line);
console.log(`${count(here)} numbers and hashes compared, ${found.length} differ.`);
process.exit(found.length === 0 ? 0 : 1);
