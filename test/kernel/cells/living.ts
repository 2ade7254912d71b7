import type { Row } from './row';

const write = (file: string, text: string) =>
  `require('node:fs').writeFileSync('./${file}', ${JSON.stringify(text)});`;

const addPackage = (name: string, main: string, types: string) =>
  `{ const fs = require('node:fs'); const folder = './node_modules/${name}/'; fs.mkdirSync(folder, { recursive: true });
fs.writeFileSync(folder + 'package.json', '{ "name": "${name}", "main": "main.js", "types": "main.d.ts" }');
fs.writeFileSync(folder + 'main.js', ${JSON.stringify(main)}); fs.writeFileSync(folder + 'main.d.ts', ${JSON.stringify(types)}); }`;

/** What changes on the disk while the kernel lives is taken up by the next cell that imports it. */
export const living: Row[] = [
  [
    'a file that was edited',
    [
      write('edited1.ts', 'export const v = 1;'),
      "import { v as v1 } from './edited1'; v1",
      write('edited1.ts', 'export const v = 2;'),
      "import { v as v1 } from './edited1'; v1",
    ],
    '2',
  ],
  [
    'its types, too',
    [
      write('edited2.ts', 'export const v = 1;'),
      "import { v as v2 } from './edited2'",
      write('edited2.ts', "export const v = 'text';"),
      "import { v as v2 } from './edited2'; v2.length",
    ],
    '4',
  ],
  [
    'a file that it imports',
    [
      write('inner3.ts', 'export const v = 1;'),
      write('outer3.ts', "import { v } from './inner3';\nexport const w = v + 1;"),
      "import { w as w3 } from './outer3'; w3",
      write('inner3.ts', 'export const v = 10;'),
      "import { w as w3 } from './outer3'; w3",
    ],
    '11',
  ],
  [
    'an error in a file that it imports',
    [
      write('inner4.ts', 'export const v = 1;'),
      write('outer4.ts', "import { v } from './inner4';\nexport const w: number = v;"),
      "import { w as w4 } from './outer4'; w4",
      write('inner4.ts', "export const v = 'x';"),
      "import { w as w4 } from './outer4'; w4",
    ],
    /outer4\.ts:2:14 - Type 'string' is not assignable to type 'number'/,
  ],
  [
    'an error that was mended',
    [
      write('mended5.ts', "export const v: number = 'x';"),
      "import { v as v5 } from './mended5'; v5",
      write('mended5.ts', 'export const v: number = 5;'),
      "import { v as v5 } from './mended5'; v5",
    ],
    '5',
  ],
  [
    'a file that was not there',
    [
      "import { v as v6 } from './late6'; v6",
      write('late6.ts', 'export const v = 6;'),
      "import { v as v6 } from './late6'; v6",
    ],
    '6',
  ],
  [
    'JSON',
    [
      write('data7.json', '{ "v": 1 }'),
      "import d7 from './data7.json'; d7.v",
      write('data7.json', '{ "v": 7 }'),
      "import d7 from './data7.json'; d7.v",
    ],
    '7',
  ],
  [
    'JavaScript by require',
    [
      write('plain8.js', 'exports.v = 1;'),
      "require('./plain8').v",
      write('plain8.js', 'exports.v = 8;'),
      "require('./plain8').v",
    ],
    '8',
  ],
  [
    'an ES module',
    [
      write('module9.mjs', 'export const v = 1;'),
      "import { v as v9 } from './module9.mjs'; v9",
      write('module9.mjs', 'export const v = 9;'),
      "import { v as v9 } from './module9.mjs'; v9",
    ],
    '9',
  ],
  [
    'what is not changed keeps its state',
    [
      write('state10.ts', 'export const state = { n: 0 };'),
      "import { state as s10 } from './state10'; s10.n = 10;",
      "import { state as t10 } from './state10'; t10.n",
    ],
    '10',
  ],
  [
    'a package that was added',
    [
      "import { v as v11 } from 'late-package-11'",
      addPackage('late-package-11', 'exports.v = 11;', 'export declare const v: number;'),
      "import { v as v11 } from 'late-package-11'; v11",
    ],
    '11',
  ],
  [
    'its types',
    [
      "import { v as v12 } from 'late-package-12'",
      addPackage('late-package-12', 'exports.v = 12;', 'export declare const v: number;'),
      "import { v as v12 } from 'late-package-12'; v12.length",
    ],
    /Property 'length' does not exist on type 'number'/,
  ],
  [
    'a package by require',
    [
      "require('late-package-13').v",
      addPackage('late-package-13', 'exports.v = 13;', 'export declare const v: number;'),
      "require('late-package-13').v",
    ],
    '13',
  ],
  [
    'a package by import()',
    [
      "(await import('late-package-14')).v",
      addPackage('late-package-14', 'exports.v = 14;', 'export declare const v: number;'),
      "(await import('late-package-14')).v",
    ],
    '14',
  ],
  [
    'the error of a package by require says how to add it',
    ["require('no-such-package-15')"],
    /npm install no-such-package-15/,
  ],
  [
    'process.chdir does not move imports',
    [
      write('here16.ts', 'export const v = 16;'),
      "process.chdir('..');",
      "import { v as v16 } from './here16'; process.chdir('notebook folder'); v16",
    ],
    '16',
  ],
];
