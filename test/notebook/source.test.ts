import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { showSource } from '../../lib/notebook/source';
import { UNet2DConditionModel } from '../../lib/models/unet-2d-condition';
import { compiled } from '../support/compiled';

const file = path.join(__dirname, '..', '..', 'lib', 'models', 'unet-2d-condition.ts');
const lines = fs.readFileSync(file, 'utf8').split('\n');

describe('showSource', () => {
  it('shows a class with its comment, as it stands in lib', () => {
    const source = showSource(UNet2DConditionModel);
    expect(source.file).toBe('lib/models/unet-2d-condition.ts');
    const [first, last] = source.lines;
    expect(source.code).toBe(lines.slice(first - 1, last).join('\n'));
    expect(source.code).toMatch(
      /^\/\*\*\n \* Predicts the noise[^]*export class UNet2DConditionModel/,
    );
  });

  it('shows one member, moved to the left', () => {
    const { code } = showSource(UNet2DConditionModel, 'forward');
    expect(code).toMatch(/^\/\*\*[^]*\nforward\(/);
    expect(code.endsWith('\n}')).toBe(true);
  });

  it('finds functions by name and by value, and is TypeScript to a notebook', () => {
    expect(showSource('timestepEmbedding').code).toContain('export function timestepEmbedding(');
    const source = showSource(showSource) as unknown as Record<
      symbol,
      () => Record<string, string>
    >;
    const bundle = source[Symbol.for('Jupyter.display')]?.call(source);
    expect(bundle?.['text/markdown']).toMatch(/^````ts\n/);
    expect(bundle?.['text/plain']).toMatch(/^\/\/ lib\/notebook\/source\.ts:\d+–\d+\n/);
  });

  it('finds methods, by value and by name', () => {
    const member = showSource(UNet2DConditionModel, 'checkShapes').code;
    expect(showSource('UNet2DConditionModel.checkShapes').code).toBe(member);
    expect(showSource(Reflect.get(UNet2DConditionModel.prototype, 'checkShapes')).code).toBe(
      member,
    );
    expect(() => showSource('forward')).toThrow(
      /^forward is a method of .*UNet2DConditionModel.*: showSource\('\w+\.forward'\)\.$/,
    );
  });

  it('names what it does not find', () => {
    expect(() => showSource('NoSuchThing')).toThrow('none named NoSuchThing');
    expect(() => showSource(UNet2DConditionModel, 'nothing')).toThrow(
      /among .*forward.*, got nothing/,
    );
    expect(() => showSource({})).toThrow('Expected a class');
  });
});

it('shows what runs, not what lib/ has become since it was loaded', () => {
  const source = compiled('lib/notebook/source.ts');
  try {
    // The compiled file looks for lib/ two folders above it: in this one.
    const script = `
      const fs = require('node:fs');
      fs.mkdirSync('dist/notebook', { recursive: true });
      fs.copyFileSync('lib/notebook/source.js', 'dist/notebook/source.js');
      fs.writeFileSync('lib/part.ts', 'export function part() { return 1; }');
      const { showSource } = require('./dist/notebook/source.js');
      fs.writeFileSync('lib/part.ts', 'export function part() { return 2; }');
      process.stdout.write(showSource('part').code);`;
    expect(source.run(script)).toBe('export function part() { return 1; }');
  } finally {
    source.dispose();
  }
});
