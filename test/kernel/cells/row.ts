/**
 * Cells that are run one after another on a living kernel, and what the last of them gives: its text (values, then
 * what was printed), `null` if it is to end without an error and its output does not matter, or a pattern of its error,
 * which is told as "name: message" and the lines of its trace.
 */
export type Row = [title: string, cells: string[], expected: string | RegExp | null];
