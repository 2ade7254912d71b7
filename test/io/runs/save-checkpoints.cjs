'use strict';
// Saves checkpoint after checkpoint until it is killed, going on from the newest sound one; says each when
// it is saved. Arguments: folder, how many, bytes of a file.
const fs = require('node:fs');
const path = require('node:path');
const { commitCheckpoint } = require('../../../dist/io/runs/checkpoint-commit.js');
const { newestSound } = require('../../../dist/io/runs/checkpoint-folder.js');
const { lockFolder } = require('../../../dist/io/runs/folder-lock.js');
const { writeFileAtomically } = require('../../../dist/io/atomic-write.js');

const [folder, count, bytes] = process.argv.slice(2);
const onWarning = (message) => console.log(`warning ${message}`);

try {
  lockFolder(folder); // before it is read: whoever has it may be removing what is read
  const first = newestSound(folder, onWarning)?.step ?? 0;
  // Every other one is saved twice, so that one of the same step is replaced.
  for (let i = 1; i <= Number(count); i++) {
    const step = first + Math.ceil(i / 2);
    const write = (aside) => {
      fs.mkdirSync(path.join(aside, 'unet'));
      const weights = Buffer.alloc(Number(bytes), step % 251);
      writeFileAtomically(path.join(aside, 'unet', 'weights'), [weights]);
      writeFileAtomically(path.join(aside, 'state.json'), [JSON.stringify({ step })]);
    };
    commitCheckpoint(folder, step, write, { keepLast: 2, onWarning });
    fs.writeSync(1, `saved ${step}\n`);
  }
} catch (error) {
  console.log(`error ${error.name} ${error.code ?? ''} ${error.message}`);
  process.exitCode = 3;
}
