// The wish to stop: heard, and passed on to a program that we have started.
import { constants } from 'node:os';

/** The exit code of a child, signals counted the way shells do. */
export const exitCodeOf = (code, signal) => (signal ? 128 + constants.signals[signal] : code);

/** Aborts when this process is asked to end, which then ends by itself. */
export function stopSignal() {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort());
  return stop.signal;
}

/**
 * Calls `stop` with the signal's name when this process is asked to end.
 *
 * A terminal sends Ctrl-C to children as well, so it is passed on only where there is no terminal. npm
 * passes signals to the shell that it started us with, and that shell ends without telling us: then the
 * loss of the parent counts as SIGTERM.
 *
 * @param {(signal: NodeJS.Signals) => void} stop
 */
export function onStopRequest(stop) {
  process.on('SIGINT', () => {
    if (!process.stdin.isTTY) stop('SIGINT');
  });
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal));

  if (process.env.npm_lifecycle_event === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop('SIGTERM');
  }, 500);
  watch.unref();
}
