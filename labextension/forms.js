'use strict';
// An extension of JupyterLab, as it is loaded: makes the library's forms live. A change goes to the kernel of the form's
// own notebook, over JupyterLab's own connection, as a silent cell; the form then says what the kernel answers.

(() => {
  const { document, MutationObserver } = globalThis;
  const FORM = '[data-sdm-form]';

  /** The open notebook that holds the form; of several (copies), the one in which it was used. */
  function notebookOf(app, form) {
    const mark = `data-sdm-form="${form.dataset.sdmForm}"`;
    const holders = [];
    for (const panel of app.shell.widgets('main')) {
      for (const { model, node, outputArea } of panel.content?.widgets ?? []) {
        for (let i = 0; model?.trusted && i < (outputArea?.model.length ?? 0); i++) {
          const html = [outputArea.model.get(i).data['text/html'] ?? ''].flat().join('');
          if (html.includes(mark)) holders.push({ panel, here: node.contains(form) });
        }
      }
    }
    return (holders.find(({ here }) => here) ?? holders[0])?.panel;
  }

  function valueOf({ type, value, checked, dataset }) {
    if (type === 'checkbox') return checked;
    if (dataset.type === 'boolean') return value === 'true';
    // An empty field is no zero: the kernel refuses null, and says what it expected.
    if (dataset.type === 'number') return value === '' ? null : Number(value);
    return value;
  }

  /** Sends one change. @returns why it was not made, or null */
  async function send(kernel, id, name, value) {
    const code = `(globalThis as any)[Symbol.for('sdm.forms')].get(${JSON.stringify(id)})(${JSON.stringify(name)}, ${JSON.stringify(value)})`;
    const silent = { silent: true, store_history: false, allow_stdin: false, stop_on_error: false };
    try {
      // Not `done`: a kernel started anew may lose the word that it is idle, on which that waits as well.
      const { content } = await new Promise((resolve, reject) => {
        const future = kernel.requestExecute({ code, ...silent });
        future.onReply = resolve;
        future.done.catch(reject);
      });
      if (content.status === 'ok') return null;
      if (content.ename === 'RangeError') return content.evalue;
      if (content.status === 'aborted') return 'the kernel was stopped. Change it again.';
    } catch {
      // the kernel has ended with the change on its way
    }
    return 'the kernel has been started anew. Run this cell again.';
  }

  async function onInput(app, { target }) {
    const form = target.closest?.(FORM);
    const { name } = target.dataset ?? {};
    if (!form || name === undefined) return;
    const say = (text) => (form.querySelector('small').textContent = text);
    const value = valueOf(target);
    if (target.type === 'range') target.nextElementSibling.textContent = String(value);
    const kernel = notebookOf(app, form)?.sessionContext?.session?.kernel;
    if (!kernel) {
      say(`${name} is not set: the notebook has no kernel. Choose one, and run this cell again.`);
      return;
    }
    say(`${name}: waits for the kernel, which works.`);
    const problem = await send(kernel, form.dataset.sdmForm, name, value);
    if (problem !== null) say(`${name} is not set: ${problem}`);
    else
      say(
        form.dataset.sdmLive === undefined ? `${name} is set; run the cells below to use it.` : '',
      );
  }

  /** Forms come without life: where this extension is not, they only show their values, and say so. */
  function enable() {
    for (const form of document.querySelectorAll(`${FORM}:has([data-name][disabled])`)) {
      for (const input of form.querySelectorAll('[data-name]')) input.disabled = false;
      form.querySelector('small').textContent = '';
    }
  }

  const plugin = {
    id: 'forms:plugin',
    autoStart: true,
    activate(app) {
      document.addEventListener('input', (event) => void onInput(app, event));
      new MutationObserver(enable).observe(document.body, { childList: true, subtree: true });
      enable();
    },
  };

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB.forms = {
    init() {},
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin })),
  };
})();
