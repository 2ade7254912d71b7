import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { root } from '../support/script';

/** What TensorFlow logs of all that it could while it is opened, hushed or not, and then released. */
function logged(isHushed: boolean, then = ''): string {
  const code = `
    require('./native/node-util.cjs');
    const { hush } = require('./.setup/native/quiet.node');
    hush(${isHushed});
    ${then}
    require('@tensorflow/tfjs-node-gpu');`;
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '0' };
  const options = { cwd: root, env, encoding: 'utf8' as const };
  const { status, stderr } = spawnSync(process.execPath, ['-e', code], options);
  expect(status).toBe(0);
  return stderr;
}

it("TensorFlow's log is hushed while it is to be, and no longer", () => {
  expect(logged(false)).toMatch(/^I0000 /m);
  expect(logged(true)).toBe('');
  expect(logged(true, 'hush(false);')).toMatch(/^I0000 /m);
});

it.each([
  ['2', true],
  ['0', false], // who asks for more is told all
])('with TF_CPP_MIN_LOG_LEVEL=%s the library opens it without a word: %s', (level, isQuiet) => {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: level };
  const args = ['-e', "require('./dist/backend/node')"];
  const { stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
  expect(stderr === '').toBe(isQuiet);
});
