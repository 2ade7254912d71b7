/** Why a function cannot be traced, compiled or run; the message says what to do. */
export class JitError extends Error {
  override readonly name = 'JitError';
}
