'use strict';
// Whether a console should run what was typed. tslab calls broken code complete.

/** What the parser has against some code, as a module so that `await` is one. */
function syntaxErrors(typescript, code) {
  const file = typescript.createSourceFile(
    'cell.ts',
    `${code}\nexport {};`,
    typescript.ScriptTarget.Latest,
  );
  return file.parseDiagnostics.map(({ messageText }) => String(messageText));
}

/** Mends tslab's answer to `is_complete_request`. */
function installIsComplete({ jupyter }, typescript) {
  const handler = jupyter.JupyterHandlerImpl.prototype;
  const isComplete = handler.handleIsComplete;
  handler.handleIsComplete = function (request) {
    const answer = isComplete.call(this, request);
    const { code } = request;
    const ended = /(^|\n)\s*\n\s*$/.test(code); // two blank lines mean: run it
    if (answer.status !== 'complete' || ended) return answer;
    const errors = syntaxErrors(typescript, code);
    if (errors.includes('Unterminated template literal.')) {
      return { status: 'incomplete', indent: '' };
    }
    return errors.length > 0 ? { status: 'invalid' } : answer;
  };
}

module.exports = { installIsComplete, syntaxErrors };
