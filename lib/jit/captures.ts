/** What traced functions capture, and when it is another. */

let epoch = 0;

/**
 * To be called when what functions read beside arguments and variables has changed: a layer of a model was exchanged,
 * say. Every jitted function is then traced anew at its next call. Values of variables need no such call.
 */
export function capturesChanged(): void {
  epoch++;
}

/** A number that is another after each `capturesChanged`. */
export function capturesEpoch(): number {
  return epoch;
}
