/** A cell of code, as a notebook's file has it. */
export const code = (source: string, tags: string[] = []) => ({
  cell_type: 'code',
  execution_count: null,
  id: `cell-${source.length}`,
  metadata: { tags },
  outputs: [],
  source,
});
