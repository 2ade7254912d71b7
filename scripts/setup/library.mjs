// `lib` compiled to dist/, and found by notebooks under its package name.
import fs from 'node:fs';
import path from 'node:path';
import { run } from './command.mjs';
import { inRoot, root } from './paths.mjs';
import { sha256 } from './step.mjs';

/** The package's entries, as `exports` of package.json names them. */
const outputs = ['index', 'notebook', 'web'].flatMap((name) => [`${name}.js`, `${name}.d.ts`]);
const link = inRoot('node_modules', 'stable-diffusion-mnist');

function sources(folder) {
  const entries = fs.readdirSync(folder, { withFileTypes: true });
  return entries.flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return sources(file);
    return entry.name.endsWith('.ts') ? [file] : [];
  });
}

function linkTarget() {
  try {
    return fs.realpathSync(link);
  } catch {
    return null;
  }
}

export const library = {
  name: 'library',
  title: 'lib, compiled',
  needs: ['node-packages'],
  disk: 0.1,
  inputs: () =>
    [inRoot('tsconfig.json'), inRoot('package.json'), ...sources(inRoot('lib')).sort()].map(
      (file) => [path.relative(root, file), sha256(fs.readFileSync(file))],
    ),
  missing() {
    const lacking = outputs.find((name) => !fs.existsSync(inRoot('dist', name)));
    if (lacking !== undefined) return `dist/${lacking} is missing`;
    return linkTarget() === fs.realpathSync(root)
      ? null
      : 'the package does not lead to this clone';
  },
  remedy: 'Correct what the compiler says about the files of lib/ and run the command again.',
  async run({ logFile }) {
    if (linkTarget() !== fs.realpathSync(root)) {
      fs.rmSync(link, { force: true, recursive: true });
      // tslab resolves imports from the notebook's folder as Node 10 did: through node_modules
      fs.symlinkSync('..', link);
    }
    const tsc = inRoot('node_modules', 'typescript', 'bin', 'tsc');
    if (outputs.some((name) => !fs.existsSync(inRoot('dist', name)))) {
      // with the compiler's memory of an earlier dist/ it would write nothing
      fs.rmSync(inRoot('dist'), { recursive: true, force: true });
    }
    await run(process.execPath, [tsc, '-p', 'tsconfig.json'], { logFile, cwd: root });
  },
};
