/** What was disposed says so when it is used or shown, in the place of an error about one of its tensors. */

const disposed = new WeakSet();

/** To be called by `dispose`, of what cannot be used afterwards. */
export function markDisposed(owner: object): void {
  disposed.add(owner);
}

/** Whether its `dispose` was called. */
export const isDisposed = (owner: object): boolean => disposed.has(owner);

/**
 * @param use what was called
 * @param owners what it needs, by the names that the message has
 * @throws Error naming what was disposed
 */
export function refuseDisposed(use: string, owners: Readonly<Record<string, object>>): void {
  const gone = Object.entries(owners).filter(([, owner]) => disposed.has(owner));
  if (gone.length === 0) return;
  const names = gone.map(([name, { constructor }]) => `${name} (${constructor.name})`).join(', ');
  throw new Error(
    `${use}: ${names} ${gone.length === 1 ? 'was' : 'were'} disposed, its tensors are freed. Make or load it again; in a ` +
      'notebook run the cell that made it.',
  );
}
