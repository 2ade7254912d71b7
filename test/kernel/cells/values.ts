import type { Row } from './row';

/** What a cell's last value shows. */
export const values: Row[] = [
  ['an arrow function', ['() => 1'], '[Function (anonymous)]'],
  ['a nameless function', ['(function () {})'], '[Function (anonymous)]'],
  ['a nameless class', ['(class {})'], '[class (anonymous)]'],
  ['a named function', ['function shown4() {} shown4'], '[Function: shown4]'],
  ['null', ['null'], 'null'],
  ['undefined', ['undefined'], ''],
  ['false', ['false'], 'false'],
  ['an empty string', ["''"], "''"],
  ['an assignment', ['let v9 = 1; v9 = 4'], '4'],
  ['a declaration', ['const v10 = 1;'], ''],
  ['an if', ['if (true) 5'], ''],
  ['a statement after it', ['1; const v12 = 2;'], ''],
  ['an expression with a semicolon and comment', ['5; // five'], '5'],
  ['a hole', ['[1, , 2]'], '[ 1, <1 empty item>, 2 ]'],
  ['an error as a value', ["new RangeError('x').message"], "'x'"],
  ['an object in parentheses', ['({ a: 1 })'], '{ a: 1 }'],
];
