'use strict';
// Values and what was thrown as text, whatever their own ways of showing themselves do.

const util = require('node:util');

/** A value as text. Each try asks less of the value; the last one nothing. */
function asText(value) {
  for (const options of [
    { depth: 3, maxArrayLength: 50 },
    { depth: 1, maxArrayLength: 50, customInspect: false },
    { depth: 0, customInspect: false, showProxy: true },
  ]) {
    try {
      return util.inspect(value, options);
    } catch {
      // a getter, a trap, an inspect of its own
    }
  }
  return `[${typeof value} that cannot be shown]`;
}

/** What `read` gives as a string; `otherwise` if it fails. */
function safely(read, otherwise) {
  try {
    return String(read());
  } catch {
    return otherwise();
  }
}

const isError = (thrown) => {
  if (util.types.isNativeError(thrown)) return true;
  try {
    return thrown instanceof Error;
  } catch {
    return false; // a proxy that does not tell its prototype
  }
};

/** Whether Stop has thrown it, here or in the library. */
const isStop = (thrown) =>
  safely(
    () => thrown.name,
    () => '',
  ) === 'Interrupted';

/** One line that says what was thrown. */
function reasonOf(thrown) {
  if (isStop(thrown)) return 'stopped';
  const text = isError(thrown)
    ? safely(
        () => thrown.message,
        () => asText(thrown),
      )
    : asText(thrown);
  return (
    text.split('\n', 1)[0] ||
    safely(
      () => thrown.name,
      () => 'unknown',
    )
  );
}

// Frames of Node, of tslab, of these files and of what tslab puts around a cell: they tell nothing.
const foreignFrame =
  /^\s+at (In\[\d+\]$|.*(node:|[\\/]tslab[\\/]dist[\\/]|[\\/]kernel[\\/]([\w-]+[\\/])?[\w-]+\.cjs:))/;

/** The lines of what was thrown, without those that come from the kernel itself. */
function tracebackOf(thrown) {
  const lines = asTrace(thrown).split('\n');
  // For code that is not asynchronous Node puts the line's place, the line and a caret before the error.
  const start = /^\S+:\d+$/.test(lines[0]) ? lines.indexOf('') + 1 : 0;
  return withoutEmptyFields(lines.slice(start)).filter((line) => !foreignFrame.test(line));
}

/** Node shows an error's own fields in braces behind its last frame, which may be left out; those that are undefined tell nothing. */
function withoutEmptyFields(lines) {
  const last = lines.findIndex((line) => /^ +at .* \{$/.test(line));
  if (last === -1) return lines;
  const isEmpty = (line) => /^ +\[?[\w$]+\]?: undefined,?$/.test(line);
  const fields = lines.slice(last + 1, -1).filter((line) => !isEmpty(line));
  return [...lines.slice(0, last), lines[last].slice(0, -' {'.length), ...fields];
}

function asTrace(thrown) {
  try {
    return util.inspect(thrown);
  } catch {
    return isError(thrown)
      ? safely(
          () => thrown.stack,
          () => asText(thrown),
        )
      : asText(thrown);
  }
}

/** What was thrown, as Jupyter shows it. */
function errorContent(thrown) {
  if (!isError(thrown)) {
    const text = tracebackOf(thrown).join('\n');
    return { ename: 'Thrown', evalue: text, traceback: [`Thrown: ${text}`] };
  }
  const unreadable = () => 'its message cannot be read';
  return {
    ename:
      safely(
        () => thrown.name,
        () => 'Error',
      ) || 'Error',
    evalue: safely(() => thrown.message, unreadable),
    traceback: tracebackOf(thrown),
  };
}

module.exports = { asText, errorContent, foreignFrame, isStop, reasonOf, tracebackOf };
