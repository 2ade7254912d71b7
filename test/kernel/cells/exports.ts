import type { Row } from './row';

/** `export`, which a cell need not have, is allowed. */
export const exported: Row[] = [
  ['export const', ['export const ex7 = 1;', 'ex7'], '1'],
  ['export let is live', ['export let ex8 = 1; const r8 = () => ex8;', 'ex8 = 2;', 'r8()'], '2'],
  ['export function', ['export function ex9() { return 9 }', 'ex9()'], '9'],
  ['export class', ['export class Ex10 { v = 10 }', 'new Ex10().v'], '10'],
  ['export async function', ['export async function ex11() { return 11 }', 'await ex11()'], '11'],
  ['export default of an expression', ['export default 12'], '12'],
  ['export default of an object', ['const p13 = 13; export default { p13 }'], '{ p13: 13 }'],
  [
    'export default of a named function',
    ['export default function ex14() { return 14 }', 'ex14()'],
    '14',
  ],
  ['export default of a class', ['export default class Ex15 { v = 15 }', 'new Ex15().v'], '15'],
  ['export default of a nameless function', ['export default () => 16', '1'], '1'],
  ['export list', ['const a17 = 17; export { a17 as b17 };', 'a17'], '17'],
  ['export from', ["export { join } from 'node:path'", '1'], '1'],
  [
    'export type',
    [
      'export type Ex19 = string; export interface Ey19 { a: Ex19 }',
      "const e19: Ey19 = { a: 'x' }; e19.a",
    ],
    "'x'",
  ],
  ['export enum', ['export enum Ex20 { A = 20 }', 'Ex20.A'], '20'],
  ['export namespace', ['export namespace Ex21 { export const v = 21 }', 'Ex21.v'], '21'],
  [
    'export of a pattern',
    ['export const { a22, b22: [c22] } = { a22: 1, b22: [2] };', '[a22, c22]'],
    '[ 1, 2 ]',
  ],
];
