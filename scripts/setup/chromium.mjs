// The browser of the tests: the system's Chromium or Chrome, or Debian's package where it may be installed.
import fs from 'node:fs';
import path from 'node:path';
import { output, run } from './command.mjs';
import { SetupFailure } from './failure.mjs';

const names = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** The path of the browser: the one named in SDM_CHROMIUM, else the first on the PATH, else null. */
export function findChromium(env = process.env) {
  if (env.SDM_CHROMIUM) return env.SDM_CHROMIUM;
  for (const name of names) {
    for (const folder of (env.PATH ?? '').split(path.delimiter)) {
      const file = path.join(folder, name);
      if (folder && fs.existsSync(file)) return file;
    }
  }
  return null;
}

const remedy =
  'Install Chromium (Debian and Ubuntu: `apt-get install chromium`) or Chrome, or name the program in ' +
  'SDM_CHROMIUM, and run the command again.';

/** Only the tests need it. */
export const chromium = {
  name: 'chromium',
  title: 'Chromium',
  disk: 0.6,
  verified: true,
  inputs: () => null,
  missing() {
    const found = findChromium();
    if (found === null) return 'none of the known browsers is on the PATH';
    return fs.existsSync(found) ? null : `SDM_CHROMIUM names ${found}, which does not exist`;
  },
  remedy,
  async run({ logFile }) {
    if (process.env.SDM_CHROMIUM) throw new SetupFailure(this.missing(), remedy);
    if (process.getuid() !== 0 || output('apt-get', ['--version']) === null) {
      throw new SetupFailure('it is not there, and this user cannot install it.', remedy);
    }
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    await run('apt-get', ['update'], { logFile, env });
    await run('apt-get', ['install', '-y', '--no-install-recommends', 'chromium'], {
      logFile,
      env,
    });
  },
};
