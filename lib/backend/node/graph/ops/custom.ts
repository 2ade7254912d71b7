/** Ops that others have added to TensorFlow, with their shape functions. */

import type { ShapeFunction, ShapeTable } from './shape-function';

const CUSTOM = new Map<string, ShapeFunction>();

/** Lets functions that use these ops be traced. TensorFlow must know the ops (a loaded library has them). */
export function declareOps(table: ShapeTable): void {
  for (const [op, shapes] of Object.entries(table)) CUSTOM.set(op, shapes);
}

export function customOp(op: string): ShapeFunction | undefined {
  return CUSTOM.get(op);
}
