/** What the cards of all models that ship have in common. */

/** How a model was made, and what its files hold. */
export interface ShippedModelFacts {
  /** What trains it. */
  readonly command: string;
  /** Optimizer steps done. */
  readonly steps: number;
  /** Whether the weights are the moving average. */
  readonly averaged: boolean;
  /** How many numbers each part has. */
  readonly parameters: { readonly unet: number; readonly text_encoder: number };
  /** Of each weights' file. */
  readonly sha256: { readonly unet: string; readonly text_encoder: string };
}

/** Rows as a table of Markdown; the columns are those of the first one. */
export function markdownTable(rows: readonly Readonly<Record<string, string | number>>[]): string {
  const names = Object.keys(rows[0]!);
  const line = (cells: readonly (string | number | undefined)[]) => `| ${cells.join(' | ')} |`;
  return [
    line(names),
    line(names.map(() => '---')),
    ...rows.map((row) => line(names.map((n) => row[n]))),
  ].join('\n');
}
