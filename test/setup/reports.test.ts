import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadScript, root } from '../support/script';

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}
const counts = loadScript<{
  countCheck: (exitCode: number) => Counts;
  countVitest: (file: string, exitCode: number) => Counts;
  failuresOfVitest: (file: string) => string[];
  addCounts: (parts: Counts[]) => Counts;
  closingLine: (counts: Counts) => string;
}>('test/counts.mjs');
const doctor = loadScript<{
  checkMnist: (folder: string, files?: Record<string, string>) => string;
}>('doctor/checks.mjs');

let folder: string;
beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'sdm-reports-'));
});
afterAll(() => fs.rmSync(folder, { recursive: true }));

function write(name: string, content: unknown): string {
  const file = path.join(folder, name);
  fs.writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

describe('the counts of a test run', () => {
  const report = { numPassedTests: 7, numFailedTests: 0, numPendingTests: 2, numTodoTests: 0 };

  it("are those of vitest's report", () => {
    const file = write('good.json', { ...report, testResults: [] });
    expect(counts.countVitest(file, 0)).toEqual({ passed: 7, failed: 0, skipped: 2 });
  });

  it('show a file that could not be loaded, an error beside the tests and a lost report', () => {
    const unloaded = { status: 'failed', assertionResults: [] };
    const file = write('unloaded.json', { ...report, testResults: [unloaded, unloaded] });
    expect(counts.countVitest(file, 1).failed).toBe(2);
    const good = write('beside.json', { ...report, testResults: [] });
    expect(counts.countVitest(good, 1).failed).toBe(1);
    expect(counts.countVitest(path.join(folder, 'none.json'), 0).failed).toBe(1);
    expect(counts.countVitest(write('broken.json', '{'), 0).failed).toBe(1);
  });

  it('come with the failed tests by name, and the first line of each reason', () => {
    const name = path.join(root, 'test', 'a.test.ts');
    const failed = {
      status: 'failed',
      fullName: 'a part says so',
      failureMessages: ['\u001b[31mError: expected 1, got 2\u001b[39m\n    at a.test.ts:1:1'],
    };
    const assertionResults = [{ status: 'passed', fullName: 'good', failureMessages: [] }, failed];
    const unloaded = { name, status: 'failed', message: 'no such file\nat', assertionResults: [] };
    const file = write('failed.json', { testResults: [{ name, assertionResults }, unloaded] });
    expect(counts.failuresOfVitest(file)).toEqual([
      'test/a.test.ts: a part says so: Error: expected 1, got 2',
      'test/a.test.ts: no such file',
    ]);
    expect(counts.failuresOfVitest(path.join(folder, 'none.json'))).toEqual([]);
  });

  it('end in one line', () => {
    const total = counts.addCounts([
      counts.countCheck(0),
      counts.countCheck(2),
      { passed: 5, failed: 0, skipped: 1 },
    ]);
    expect(counts.closingLine(total)).toBe('6 passed, 1 failed, 1 skipped');
    expect(counts.closingLine({ ...total, skipped: 0 })).toBe('6 passed, 1 failed');
  });
});

describe('the doctor', () => {
  const sha256OfAbc = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

  it('knows the MNIST files by their checksums', () => {
    write('images', 'abc');
    expect(doctor.checkMnist(folder, { images: sha256OfAbc })).toContain('1 files');
    write('images', 'abd');
    expect(() => doctor.checkMnist(folder, { images: sha256OfAbc })).toThrow(
      /^images has sha256 a52d159f.*, expected ba7816bf/,
    );
    expect(() => doctor.checkMnist(folder, { labels: sha256OfAbc })).toThrow('labels is missing.');
  });
});
