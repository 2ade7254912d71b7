/** Cells on the real kernel, by tables: one kernel for all of them, in a folder outside of this clone. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { temporaryRoot } from '../support/temporary';
import { failing, globals, redeclared } from './cells/again';
import { assignments } from './cells/assignment';
import { awaits } from './cells/await';
import { errors, magics } from './cells/errors';
import { exported } from './cells/exports';
import { found, pythonFound } from './cells/found';
import { imports } from './cells/imports';
import { language } from './cells/language';
import { living } from './cells/living';
import { python } from './cells/python';
import type { Row } from './cells/row';
import { scope } from './cells/scope';
import { values } from './cells/values';
import { expectRow, runCells } from './run-cells';
import type { Outcome } from './run-cells';

const tables: Record<string, Row[]> = {
  'as newcomers write': found, // first: another cell loads the library, which shows records as tables
  'one scope': scope,
  'patterns and operators': assignments,
  'declared again': redeclared,
  'cells that fail': failing,
  await: awaits,
  export: exported,
  TypeScript: language,
  'last values': values,
  errors,
  magics,
  imports,
  'habits of Python': [...python, ...pythonFound],
  'a living kernel': living,
  globals, // last: it hides some
};

const files: Record<string, string> = {
  'package.json': '{ "name": "outer" }',
  'lib/outside.ts': "export const outside19: string = 'outside';",
  'notebook folder/data.csv': 'a,b\n',
  'notebook folder/effect.ts': "(globalThis as any).effect = 'done';",
  'notebook folder/helper.ts':
    "export const name14 = 'helper';\nexport const twice18 = (n: number) => 2 * n;\n" +
    'export function self32(this: unknown) { return this }',
  'notebook folder/live.ts':
    'export let live17 = 0;\nexport const set17 = (v: number) => { live17 = v; };',
  'notebook folder/wrong.ts': "\nexport const wrong23: number = 'x';",
  'notebook folder/throws.ts':
    "interface A {}\n\nthrow new RangeError('from a file');\nexport const thrown24 = 1;",
  'notebook folder/imports-ts.ts': "export { twice18 as again40 } from './helper.ts';",
  'notebook folder/plain.js': 'exports.js25 = 25;',
  'notebook folder/module.mjs': 'export default 26;\nexport const named26 = 27;',
  'notebook folder/node_modules/own-package/package.json':
    '{ "name": "own-package", "main": "main.js", "types": "main.d.ts" }',
  'notebook folder/node_modules/own-package/main.js': 'exports.own27 = 27;',
  'notebook folder/node_modules/own-package/main.d.ts': 'export declare const own27: number;',
};

const folder = mkdtempSync(join(temporaryRoot, 'cells-'));
const outcomes: Record<string, Outcome[]> = {};

beforeAll(async () => {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const rows = Object.values(tables).flat();
  const all = await runCells(
    rows.map(([, cells]) => cells),
    join(folder, 'notebook folder'),
    folder,
  );
  for (const [name, table] of Object.entries(tables)) outcomes[name] = all.splice(0, table.length);
}, 600_000);
afterAll(() => rmSync(folder, { recursive: true }));

describe.each(Object.entries(tables))('%s', (name, table) => {
  it.each(table.map((row, index) => [row[0], row, index] as const))('%s', (_, row, index) => {
    expectRow(row, outcomes[name]![index]!);
  });
});
