'use strict';
// An extension of JupyterLab, as it is loaded: a notebook that is opened again while one of its cells runs goes on showing it.
// JupyterLab hands a cell's messages to the page that sent the cell; another page gets them, too, but knows no cell for them. The
// library writes each display's id into its output's metadata (`display_id`), so the saved outputs tell which cell it is.

(() => {
  const OUTPUTS = ['stream', 'display_data', 'execute_result', 'error'];

  /** The cell and the place in its outputs where a display with the id is shown. */
  function findDisplay(panel, id) {
    for (const cell of panel.content.widgets) {
      const outputs = cell.outputArea?.model;
      for (let index = 0; index < (outputs?.length ?? 0); index++) {
        if (outputs.get(index).metadata?.display_id === id) return { cell, index };
      }
    }
    return undefined;
  }

  /** One notebook and what is known of the cells that run in its kernel but were sent by another page. */
  class Watched {
    constructor(app, panel) {
      this.app = app;
      this.panel = panel;
      /** Cells by the message that runs them. */
      this.cells = new Map();
      this.busy = false;
      panel.sessionContext.iopubMessage.connect((_, message) => this.take(message));
      panel.sessionContext.kernelChanged.connect(() => void this.ask());
      void panel.sessionContext.ready.then(() => this.ask());
    }

    get kernel() {
      return this.panel.sessionContext.session?.kernel;
    }

    /** The server knows whether the kernel works; a new page hears only that it has answered its greeting. */
    async ask() {
      const { kernel } = this;
      if (!kernel) return;
      const { kernels } = this.app.serviceManager;
      await Promise.all([
        kernels.refreshRunning(),
        Promise.race([kernel.info, new Promise((done) => setTimeout(done, 1000))]),
      ]);
      const model = [...kernels.running()].find(({ id }) => id === kernel.id);
      this.setBusy(model?.execution_state === 'busy');
    }

    setBusy(busy) {
      this.busy = busy;
      // Private, but the only place that all of JupyterLab reads.
      if (busy && this.kernel?.status !== 'busy') this.kernel?._updateStatus?.('busy');
    }

    /** Whether this page has sent the cell, so that JupyterLab shows what comes. */
    isOwn({ parent_header: parent }) {
      return parent?.session === this.kernel?.clientId;
    }

    take(message) {
      const { content, parent_header: parent } = message;
      const type = message.header.msg_type;
      if (!parent?.msg_id) return;
      if (type === 'status') this.takeStatus(content.execution_state, parent);
      else if (this.isOwn(message)) return;
      else if (type === 'update_display_data') this.update(content, parent.msg_id);
      else if (OUTPUTS.includes(type)) {
        const { output_type, ...output } = { ...content, output_type: type };
        delete output.transient;
        const metadata = content.transient?.display_id
          ? { ...content.metadata, display_id: content.transient.display_id }
          : content.metadata;
        this.cells
          .get(parent.msg_id)
          ?.outputArea.model.add({ ...output, ...(metadata && { metadata }), output_type });
      }
    }

    update({ data, metadata, transient }, id) {
      const found = findDisplay(this.panel, transient?.display_id);
      if (!found) return;
      const { cell, index } = found;
      if (cell.outputArea.future && !cell.outputArea.future.isDisposed) return; // JupyterLab's own
      if (!this.cells.has(id)) {
        this.cells.set(id, cell);
        cell.model.executionState = 'running'; // the prompt [*]
        this.setBusy(true);
      }
      const { output_type } = cell.outputArea.model.get(index).toJSON();
      cell.outputArea.model.set(index, {
        output_type,
        data,
        metadata: { ...metadata, display_id: transient.display_id },
        ...(output_type === 'execute_result' && { execution_count: null }),
      });
    }

    takeStatus(state, { msg_id: id, msg_type: type }) {
      if (type !== 'execute_request') {
        // Its answers to greetings and completions do not end the cell.
        if (state === 'idle' && this.busy) this.setBusy(true);
        return;
      }
      this.busy = state === 'busy';
      if (state !== 'idle') return;
      const cell = this.cells.get(id);
      if (cell) cell.model.executionState = 'idle';
      this.cells.delete(id);
    }
  }

  const plugin = {
    id: 'reattach:plugin',
    autoStart: true,
    activate(app) {
      const watched = new WeakSet();
      const look = () => {
        for (const panel of app.shell.widgets('main')) {
          if (watched.has(panel) || !panel.sessionContext || !panel.content?.widgets) continue;
          watched.add(panel);
          new Watched(app, panel);
        }
      };
      app.shell.layoutModified?.connect(look);
      void app.restored.then(look);
    },
  };

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB.reattach = {
    init() {},
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin })),
  };
})();
