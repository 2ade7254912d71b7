/** JupyterLab as `npm start` starts it, asked to end while a page still reads files. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startLab, type Lab } from '../browser/jupyterlab';
import { temporaryRoot } from '../support/temporary';

const folder = fs.mkdtempSync(path.join(temporaryRoot, 'lab-ends-'));
let lab: Lab;

beforeAll(async () => {
  const many = path.join(folder, 'notebooks', 'many');
  fs.mkdirSync(many, { recursive: true });
  for (let i = 0; i < 2000; i++) fs.writeFileSync(path.join(many, `${i}.txt`), 'text');
  lab = await startLab(folder);
}, 120_000);
afterAll(() => fs.rmSync(folder, { recursive: true }));

it('it ends, though requests are under way', async () => {
  const answers = Array.from({ length: 20 }, () =>
    lab.text('/api/contents/many').then(
      () => 'answered',
      () => 'broken off',
    ),
  );
  // they are under way when the server has answered what came behind them
  await lab.text('/api/status');
  await lab.close();
  expect(await Promise.all(answers)).toContain('broken off');
}, 60_000);
