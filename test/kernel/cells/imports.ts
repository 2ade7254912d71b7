import type { Row } from './row';

/** Imports of each form. The folder has the files that `cells.test.ts` writes. */
export const imports: Row[] = [
  ['node:process', ["import process74 from 'node:process';", 'process74 === process'], 'true'],
  [
    'node:process, all',
    ["import * as all75 from 'node:process';", 'typeof all75.cwd'],
    "'function'",
  ],
  ['node:process, later', ["(await import('node:process')).pid === process.pid"], 'true'],
  [
    'node:process, a name',
    ["import { cwd as cwd76 } from 'node:process';", 'typeof cwd76()'],
    "'string'",
  ],
  [
    'default of a core module',
    ["import fs1 from 'node:fs'", 'typeof fs1.readFileSync'],
    "'function'",
  ],
  ['namespace', ["import * as path2 from 'path'", 'path2.sep'], "'/'"],
  ['named', ["import { sep as sep3 } from 'node:path'", 'sep3'], "'/'"],
  ['default and named', ["import p4, { sep as s4 } from 'node:path'", 'p4.sep === s4'], 'true'],
  ['default and namespace', ["import p5, * as q5 from 'node:path'", 'p5.sep === q5.sep'], 'true'],
  ['default as', ["import { default as p6 } from 'node:path'", 'p6.sep'], "'/'"],
  [
    'used by a later cell only',
    ["import { readFileSync as r7 } from 'node:fs'", '1', 'typeof r7'],
    "'function'",
  ],
  [
    'a type only',
    [
      "import type { Stats } from 'node:fs'; import { type Dirent } from 'node:fs';",
      'const s8: Stats | Dirent | undefined = undefined; s8 === undefined',
    ],
    'true',
  ],
  [
    'a type without the word',
    [
      "import { Stats as S9 } from 'node:fs'; import { UNet2DConfig } from 'stable-diffusion-mnist'",
      '1',
    ],
    '1',
  ],
  ['for its effect', ["import './effect'", '(globalThis as any).effect'], "'done'"],
  [
    'import equals require',
    ["import fs11 = require('node:fs')", 'typeof fs11.readFileSync'],
    "'function'",
  ],
  ['require', ["const fs12 = require('node:fs'); typeof fs12.readFileSync"], "'function'"],
  ['dynamic', ["const { default: p13 } = await import('node:path'); p13.sep"], "'/'"],
  ['dynamic of a file', ["(await import('./helper')).name14"], "'helper'"],
  ['JSON', ["import pk15 from '../package.json'", 'pk15.name'], "'outer'"],
  ['JSON as a namespace', ["import * as pk16 from '../package.json'", 'pk16.name'], "'outer'"],
  [
    'JSON with an attribute',
    ["import pk17 from '../package.json' with { type: 'json' }", 'pk17.name'],
    "'outer'",
  ],
  [
    'a TypeScript file',
    ["import { name14 as n18, twice18 } from './helper'", '[n18, twice18(4)]'],
    "[ 'helper', 8 ]",
  ],
  [
    'a TypeScript file with its ending',
    ["import { twice18 as twice40 } from './helper.ts'", 'twice40(4)'],
    '8',
  ],
  ['one that imports so', ["import { again40 } from './imports-ts.ts'", 'again40(5)'], '10'],
  ['by import(), with its ending', ["(await import('./helper.ts')).twice18(6)"], '12'],
  [
    'a type of it',
    [
      "import type { twice18 as T41 } from './helper.ts'",
      'const f41: typeof T41 = (n) => n; f41(1)',
    ],
    '1',
  ],
  [
    'its types count, with its ending',
    ["import { twice18 as t42 } from './helper.ts'; t42('x')"],
    /Argument of type 'string' is not assignable to parameter of type 'number'/,
  ],
  [
    'one outside of the folder',
    ["import { outside19 } from '../lib/outside'", 'outside19'],
    "'outside'",
  ],
  [
    'its types count',
    ["import { twice18 as t20 } from './helper'; t20('x')"],
    /Argument of type 'string' is not assignable to parameter of type 'number'/,
  ],
  [
    'a name that it does not have',
    ["import { nothing21 } from './helper'"],
    /has no exported member|'"\.\/helper"' has no exported member 'nothing21'/,
  ],
  [
    'a file that is not there',
    ["import x22 from './nothing-here'"],
    /Cannot find module '\.\/nothing-here'/,
  ],
  [
    'a file with a type error',
    ["import { wrong23 } from './wrong'"],
    /wrong\.ts:2:\d+[\s\S]*Type 'string' is not assignable/,
  ],
  [
    'a file that throws',
    ["import { thrown24 } from './throws'"],
    /RangeError: from a file[\s\S]*throws\.ts:3/,
  ],
  ['a JavaScript file', ["import { js25 } from './plain.js'", 'js25'], '25'],
  [
    'an ES module',
    ["import esm26, { named26 } from './module.mjs'", '[esm26, named26]'],
    '[ 26, 27 ]',
  ],
  ["a package of the notebook's folder", ["import { own27 } from 'own-package'", 'own27'], '27'],
  [
    'a package of the clone',
    ["import * as ts28 from 'typescript'; typeof ts28.version"],
    "'string'",
  ],
  [
    'this library',
    ["import * as sd from 'stable-diffusion-mnist'; typeof sd.Generator"],
    "'function'",
  ],
  [
    'an import below its use',
    ["const j30 = join30('a', 'b'); import { join as join30 } from 'node:path'; j30"],
    "'a/b'",
  ],
  [
    'an import cannot be assigned',
    ["import { sep as s31 } from 'node:path'; s31 = 1;"],
    /Cannot assign to 's31' because it is an import/,
  ],
  [
    'an import called has no this',
    ["import { self32 } from './helper'", 'self32() === undefined'],
    'true',
  ],
  ['the folder', ["process.cwd().endsWith('/notebook folder')"], 'true'],
  ['a file of the folder', ["require('node:fs').readFileSync('./data.csv', 'utf8')"], "'a,b\\n'"],
];
