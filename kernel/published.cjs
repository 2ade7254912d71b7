'use strict';
// What cells have published, kept for a page that was not open meanwhile. JupyterLab hands messages to the page that has sent the cell
// and keeps none; a page that is opened asks the kernel (labextension/reattach.js) and says later what it has shown.

/** Characters of a cell's outputs, and cells that have ended; what is older goes. */
const mostText = 4_000_000;
const mostCells = 50;

const kept = new Set(['stream', 'display_data', 'execute_result', 'error']);
const gone = '… what came before is not kept\n';

/** What one run of a cell has shown, as a notebook stores it. */
class Run {
  outputs = [];
  ended = false;
  /** Of its messages that were sent. */
  last = 0;
  #size = 0;
  #clears = false; // before the next output

  /** @param message its request */
  constructor({ header, metadata, content }) {
    Object.assign(this, { id: header.msg_id, session: header.session, cell: metadata.cellId });
    this.code = content.code;
  }

  take(type, content) {
    this.last += 1;
    if (type === 'execute_input') this.count = content.execution_count;
    else if (type === 'clear_output') this.#clear(content.wait);
    else if (type === 'update_display_data') this.#update(content);
    else if (kept.has(type)) this.#add(type, content);
    return this.last;
  }

  #clear(waits) {
    this.#clears = waits;
    if (!waits) this.outputs = [];
  }

  #update({ data, metadata, transient }) {
    for (const output of this.outputs)
      if (output.metadata?.display_id === transient.display_id)
        Object.assign(output, {
          data,
          metadata: { ...metadata, display_id: transient.display_id },
        });
  }

  #add(type, { transient, ...content }) {
    if (this.#clears) this.#clear(false);
    const before = this.outputs.at(-1);
    if (type === 'stream' && before?.output_type === 'stream' && before.name === content.name) {
      before.text += content.text;
    } else {
      const id = transient?.display_id;
      const metadata = { ...content.metadata, ...(id !== undefined && { display_id: id }) };
      const isRich = type === 'display_data' || type === 'execute_result';
      this.outputs.push({ output_type: type, ...content, ...(isRich && { metadata }) });
    }
    this.#size += type === 'stream' ? content.text.length : JSON.stringify(content).length;
    if (this.#size > mostText) this.#shorten();
  }

  /** To half of what may be kept, so that it is seldom done. */
  #shorten() {
    const sizeOf = (output) => (output.text ?? JSON.stringify(output)).length;
    let size = this.outputs.reduce((sum, output) => sum + sizeOf(output), 0);
    while (size > mostText / 2 && this.outputs.length > 1) size -= sizeOf(this.outputs.shift());
    const [first] = this.outputs;
    if (first.output_type === 'stream') first.text = first.text.slice(-mostText / 2);
    this.outputs.unshift({ output_type: 'stream', name: 'stdout', text: gone });
    this.#size = Math.min(size, mostText / 2);
  }
}

class Published {
  #runs = new Map(); // by the cell; only the last run of each

  /** The run of a request that has come, or undefined for one that is no notebook's cell. */
  begin(message) {
    if (typeof message.metadata?.cellId !== 'string') return undefined;
    const run = new Run(message);
    this.#runs.delete(run.cell); // a new run stands behind all others
    this.#runs.set(run.cell, run);
    const ended = [...this.#runs.values()].filter((each) => each.ended);
    for (const each of ended.slice(0, -mostCells)) this.#runs.delete(each.cell);
    return run;
  }

  /**
   * What is kept, oldest run first.
   *
   * @param request.seen ids of requests whose ended runs a page has shown
   */
  answer({ seen = [] }) {
    for (const { id, cell, ended } of [...this.#runs.values()])
      if (ended && seen.includes(id)) this.#runs.delete(cell);
    return { status: 'ok', cells: [...this.#runs.values()] };
  }
}

module.exports = { Published };
