/** The text of a table's cells, whatever the values are. */

import { inspect, types } from 'node:util';

/** Digits that the smallest number of a column is shown with. */
const DIGITS = 3;
const MOST_DECIMALS = 6;

/** What a thrown value says. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

/** Whether JSON says all that there is of a value. */
function isJson(value: unknown, depth = 0): boolean {
  if (value === null || ['string', 'boolean'].includes(typeof value)) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || depth > 10 || types.isProxy(value)) return false;
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).every((item) => isJson(item, depth + 1));
}

function objectText(value: object): string {
  try {
    if (isJson(value)) return JSON.stringify(value);
    if (value instanceof Date)
      return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
    return inspect(value, { depth: 2, breakLength: Infinity, maxArrayLength: 20, compact: true });
  } catch (error) {
    return `(cannot be shown: ${messageOf(error)})`;
  }
}

/** A number with commas, at most six digits behind the whole ones; lists in brackets. Not yet shortened. */
export function cellText(value: unknown): string {
  if (value === undefined || value === null) return '–';
  if (typeof value === 'number') {
    if (Number.isInteger(value)) return value.toLocaleString('en-US');
    return String(Number(value.toPrecision(6)));
  }
  if (typeof value === 'string') return value;
  if (typeof value !== 'object')
    return typeof value === 'bigint' ? `${value}n` : String(value as boolean | symbol);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
    return cellText(Array.from(value as unknown as Iterable<unknown>));
  }
  if (Array.isArray(value)) {
    if (value.some((item) => typeof item === 'object' && item !== null)) return objectText(value);
    return `[${value.map((item) => (typeof item === 'number' ? String(item) : cellText(item))).join(', ')}]`;
  }
  return objectText(value);
}

/**
 * The texts of a column. Numbers of one column have the same digits behind the point: three for the smallest, not more than any
 * of them has.
 */
export function columnTexts(values: readonly unknown[]): string[] {
  const numbers = values.filter(
    (value): value is number => typeof value === 'number' && Number.isFinite(value),
  );
  const others = values.some((value) => value != null && typeof value !== 'number');
  const fractions = numbers.filter((value) => !Number.isInteger(value));
  if (others || numbers.length < 2 || !fractions.length) return values.map(cellText);
  const least = fractions.reduce((low, value) => Math.min(low, Math.abs(value)), Infinity);
  const needed = Math.max(0, DIGITS - 1 - Math.floor(Math.log10(least)));
  const given = fractions.reduce((most, value) => {
    const text = String(Number(value.toPrecision(6)));
    const decimals = text.split('.')[1]?.length ?? 0;
    return Math.max(most, text.includes('e') ? MOST_DECIMALS + 1 : decimals);
  }, 0);
  const decimals = Math.min(needed, given);
  // So small that the others would be a row of zeros: each as it is.
  if (decimals > MOST_DECIMALS) return values.map(cellText);
  const digits = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return values.map((value) =>
    typeof value === 'number' && Number.isFinite(value)
      ? value.toLocaleString('en-US', digits)
      : cellText(value),
  );
}
