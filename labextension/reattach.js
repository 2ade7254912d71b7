'use strict';
// An extension of JupyterLab, as it is loaded: a notebook that is opened again while one of its cells runs goes on showing it.
// JupyterLab hands a cell's messages to the page that sent the cell; another page gets them, too, but knows no cell for them. The
// kernel keeps what cells have published and tells it to a page that asks; each of its messages has a number, `published`, so that
// nothing is shown twice. Of other kernels, the library's displays have their id in their output's metadata (`display_id`), so that the
// saved outputs tell which cell it is.

(() => {
  const OUTPUTS = ['stream', 'display_data', 'execute_result', 'error'];
  /** Whose kernel answers; another would not know what it is asked. */
  const KERNEL = 'tslab';
  /** Milliseconds in which what was shown is gathered before the kernel is told. */
  const PAUSE = 1000;

  /** The cell and the place in its outputs where a display with the id is shown. */
  function findDisplay(panel, id) {
    for (const cell of panel.content.widgets) {
      const { outputs } = cell.model;
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
      /** What their prompts will show. */
      this.counts = new Map();
      this.busy = false;
      /** Messages of cells that this page did not send, until the kernel has told what came before; then null. */
      this.heard = [];
      /** Requests whose cells have ended here. */
      this.seen = [];
      /** Cells whose outputs have changed since the notebook was opened: what they showed before must not come back. */
      this.changed = new WeakSet();
      void panel.context.ready.then(() => this.noteChanges());
      panel.sessionContext.iopubMessage.connect((_, message) => this.take(message));
      panel.sessionContext.kernelChanged.connect(() => void this.ask());
      void panel.sessionContext.ready.then(() => this.ask());
    }

    noteChanges() {
      for (const cell of this.panel.content.widgets)
        cell.model.outputs?.changed.connect(() => this.changed.add(cell));
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
      await this.restore(kernel).catch(() => {});
      this.heard = null;
    }

    /** Asks the kernel what its cells have published, having told it what was seen. */
    askPublished(kernel) {
      const header = {
        msg_id: globalThis.crypto.randomUUID?.() ?? String(Math.random()),
        msg_type: 'published_request',
        session: kernel.clientId,
        username: kernel.username,
        date: new Date().toISOString(),
        version: '5.3',
      };
      const content = { seen: this.seen.splice(0) };
      const rest = { parent_header: {}, metadata: {}, buffers: [] };
      return kernel.sendShellMessage({ channel: 'shell', header, content, ...rest }, true).done;
    }

    /** Shows what cells have published that another page has sent, before this one was open. */
    async restore(kernel) {
      if (kernel.name !== KERNEL) return;
      const { cells = [] } = (await this.askPublished(kernel)).content;
      if (kernel !== this.kernel) return;
      for (const run of cells) {
        const cell = this.panel.content.widgets.find(({ model }) => model.id === run.cell);
        if (run.session === kernel.clientId || !cell?.model.outputs) continue;
        if (cell.model.sharedModel.getSource() !== run.code) continue;
        if (run.ended && this.changed.has(cell)) {
          this.sawEnd(run.id);
          continue;
        }
        cell.model.outputs.fromJSON(run.outputs);
        cell.model.executionCount = run.ended ? (run.count ?? null) : null;
        if (run.ended) {
          this.sawEnd(run.id);
          continue;
        }
        this.cells.set(run.id, cell);
        this.counts.set(run.id, run.count);
        cell.model.executionState = 'running'; // the prompt [*]
        this.setBusy(true);
        const heard = this.heard.filter(({ parent_header: parent }) => parent.msg_id === run.id);
        for (const message of heard)
          if (!(message.metadata.published <= run.last)) this.show(message);
      }
    }

    /** A cell of this page has ended, or was shown here: the kernel need not keep it. */
    sawEnd(id) {
      this.seen.push(id);
      clearTimeout(this.timer);
      this.timer = setTimeout(() => {
        if (this.kernel?.name !== KERNEL || this.panel.isDisposed) return;
        void Promise.resolve(this.kernel)
          .then((kernel) => this.askPublished(kernel))
          .catch(() => {}); // it has gone: so has what it kept
      }, PAUSE);
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
      if (!message.parent_header?.msg_id) return;
      if (this.heard && !this.isOwn(message)) this.heard.push(message);
      this.show(message);
    }

    show(message) {
      const { content, parent_header: parent } = message;
      const type = message.header.msg_type;
      if (type === 'status') this.takeStatus(content.execution_state, message);
      else if (this.isOwn(message)) return;
      else if (type === 'update_display_data') this.update(content, parent.msg_id);
      else if (type === 'execute_input') this.counts.set(parent.msg_id, content.execution_count);
      else if (type === 'clear_output')
        this.cells.get(parent.msg_id)?.model.outputs.clear(content.wait);
      else if (OUTPUTS.includes(type)) {
        const { output_type, ...output } = { ...content, output_type: type };
        delete output.transient;
        const metadata = content.transient?.display_id
          ? { ...content.metadata, display_id: content.transient.display_id }
          : content.metadata;
        this.cells
          .get(parent.msg_id)
          ?.model.outputs.add({ ...output, ...(metadata && { metadata }), output_type });
      }
    }

    update({ data, metadata, transient }, id) {
      const found = findDisplay(this.panel, transient?.display_id);
      if (!found) return;
      const { cell, index } = found;
      const { future } = cell.outputArea ?? {}; // a cell that was never in sight has no area yet
      if (future && !future.isDisposed) return; // JupyterLab's own
      if (!this.cells.has(id)) {
        this.cells.set(id, cell);
        cell.model.executionState = 'running'; // the prompt [*]
        this.setBusy(true);
      }
      const { output_type } = cell.model.outputs.get(index).toJSON();
      cell.model.outputs.set(index, {
        output_type,
        data,
        metadata: { ...metadata, display_id: transient.display_id },
        ...(output_type === 'execute_result' && { execution_count: null }),
      });
    }

    takeStatus(state, message) {
      const { msg_id: id, msg_type: type } = message.parent_header;
      if (type !== 'execute_request') {
        // Its answers to greetings and completions do not end the cell.
        if (state === 'idle' && this.busy) this.setBusy(true);
        return;
      }
      this.busy = state === 'busy';
      if (state !== 'idle') return;
      if (this.isOwn(message)) this.sawEnd(id);
      const cell = this.cells.get(id);
      if (cell) {
        cell.model.executionState = 'idle';
        cell.model.executionCount = this.counts.get(id) ?? null;
      }
      this.counts.delete(id);
      if (cell) this.sawEnd(id);
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
