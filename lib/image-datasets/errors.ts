/** What can be wrong with the files of a data set. */

/** Where something was found. */
export interface Place {
  /** The file, relative to the data set's folder. */
  readonly file: string;
  /** Row of a table, counted from 1; of a tar, the member's name. */
  readonly row?: number | string | undefined;
}

export interface Problem extends Place {
  readonly expected: string;
  readonly found: string;
  /** Columns that the table has. */
  readonly columns?: readonly string[] | undefined;
  readonly remedy?: string | undefined;
  readonly cause?: unknown;
}

const MOST_SHOWN = 200;

/** A name or text as it is shown in a message: on one line, and not endless. */
export function shown(text: string): string {
  const isPlain = /^[^\p{Cc}"]*$/u.test(text) && text.length <= MOST_SHOWN && text.trim() !== '';
  return isPlain
    ? text
    : `${JSON.stringify(text.slice(0, MOST_SHOWN))}${text.length > MOST_SHOWN ? '…' : ''}`;
}

/** A list of names, not endless. */
export function listed(names: readonly string[], most = 20): string {
  const more = names.length > most ? `, … and ${names.length - most} more` : '';
  return names.length === 0 ? 'none' : names.slice(0, most).map(shown).join(', ') + more;
}

/** A data set that cannot be read: which file and row, what was expected there, and what was found. */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly file: string;
  readonly row: number | string | undefined;
  readonly expected: string;
  readonly found: string;
  readonly columns: readonly string[] | undefined;

  constructor(problem: Problem) {
    const { file, row, expected, found, columns, remedy, cause } = problem;
    const at =
      row === undefined ? '' : typeof row === 'number' ? `, row ${row}` : `, ${shown(row)}`;
    const has = columns === undefined ? '' : ` Columns: ${listed(columns)}.`;
    const advice = remedy === undefined ? '' : ` ${remedy}`;
    super(`${shown(file)}${at}: expected ${expected}, found ${found}.${has}${advice}`, { cause });
    this.file = file;
    this.row = row;
    this.expected = expected;
    this.found = found;
    this.columns = columns;
  }
}
