'use strict';
// Runs the parts of a check one after another in one process. A line of JSON for each: what was measured, or why it was not.
// `node worker.cjs MODE PICTURES PART…`: PICTURES is a file that pictures.cjs wrote.

const fs = require('node:fs');
const { answer, dist } = require('../bench/process.cjs');
const { boundOf } = require('./bounds.cjs');

const [mode, picturesFile, ...wanted] = process.argv.slice(2);

/** @type {Record<string, () => object[] | Promise<object[]>>} rows of `{ what, value, kind }` */
const parts = {
  models: () => require('./models.cjs')(),
  losses() {
    const { twelveLosses } = require('./training.cjs');
    const what = 'twelve losses against PyTorch, largest relative difference';
    const { chooseMixedPrecision } = require(dist('jit/index.js'));
    const hasBfloat16 = chooseMixedPrecision('gpu-check', 'bf16').precision === 'bfloat16';
    return [
      { what: `${what}, float32`, value: twelveLosses('float32'), kind: 'losses' },
      ...(hasBfloat16
        ? [{ what: `${what}, bfloat16`, value: twelveLosses('bfloat16'), kind: 'bfloat16 losses' }]
        : []),
    ];
  },
  async pictures() {
    const expected = JSON.parse(fs.readFileSync(picturesFile, 'utf8'));
    const drawn = await require('./pictures.cjs').draw();
    const squares = expected.map((x, i) => (x - drawn[i]) ** 2);
    const value = Math.sqrt(squares.reduce((sum, x) => sum + x, 0) / squares.length);
    const what =
      'four digits of one seed against those of the CPU by plain ops, root of the mean square, of 1';
    return [{ what, value, kind: 'pictures' }];
  },
  async resume() {
    const { loaded, resumed } = await require('./training.cjs').savedAndResumed();
    return [
      { what: 'weights saved and loaded, largest difference', value: loaded, kind: 'exact' },
      { what: 'losses of a resumed training, largest difference', value: resumed, kind: 'resume' },
    ];
  },
  async stop() {
    const value = await require('./training.cjs').stopped();
    return [{ what: 'steps after Stop', value, kind: 'stop' }];
  },
  async growth() {
    const { tensors, megabytes } = await require('./training.cjs').growth();
    return [
      { what: 'tensors more after 200 steps', value: tensors, kind: 'exact' },
      { what: 'MB more after 200 steps', value: megabytes, kind: 'megabytes' },
    ];
  },
  async memory() {
    const value = await require('./training.cjs').outOfMemory();
    return [{ what: 'a batch that fits nowhere: faults', value, kind: 'exact' }];
  },
};

(async () => {
  const { deviceSummary } = require(dist('backend/node/index.js'));
  answer({ device: deviceSummary() });
  for (const part of wanted) {
    try {
      for (const row of await parts[part]())
        answer({ part, ...row, bound: boundOf(row.kind, mode) });
    } catch (error) {
      answer({ part, error: String(error.stack ?? error) });
    }
    answer({ part, isDone: true });
  }
  process.exit(0);
})();
