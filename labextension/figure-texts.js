'use strict';
// An extension of JupyterLab, as it is loaded: gives each figure the words that its output holds. Plotly's own
// extension shows the picture without them, and JupyterLab itself passes over the `alt` of a picture's metadata, so a screen
// reader would pass over both.

(() => {
  const { document, MutationObserver, setTimeout } = globalThis;
  const FIGURE = '.jp-RenderedPlotly';
  const PICTURE = '.jp-RenderedImage > img';

  /** The output areas of all open notebooks. */
  function* outputAreas(app) {
    for (const panel of app.shell.widgets('main')) {
      for (const cell of panel.content?.widgets ?? []) {
        if (cell.outputArea) yield cell.outputArea;
      }
    }
  }

  function setWords(app) {
    for (const area of outputAreas(app)) {
      area.widgets.forEach((output, index) => {
        const { alt } = area.model.get(index)?.metadata?.['image/png'] ?? {};
        const picture = typeof alt === 'string' && output.node.querySelector(PICTURE);
        if (picture && picture.alt !== alt) picture.alt = alt;
        const figure = output.node.querySelector(FIGURE);
        const words = figure && area.model.get(index)?.data['text/plain'];
        if (!words) return;
        const text = []
          .concat(words)
          .join('')
          .replace(/^Figure \([^)]*\): /, '');
        for (const picture of figure.querySelectorAll(':scope > img')) {
          if (picture.alt !== text) picture.alt = text;
        }
        for (const plot of figure.querySelectorAll('.plot-container')) {
          plot.setAttribute('role', 'group');
          plot.setAttribute('aria-label', text);
        }
      });
    }
  }

  const plugin = {
    id: 'figure-texts:plugin',
    autoStart: true,
    activate(app) {
      let waiting = false;
      const later = () => {
        if (waiting || !document.querySelector(`${FIGURE}, ${PICTURE}`)) return;
        waiting = true;
        setTimeout(() => {
          waiting = false;
          setWords(app);
        }, 200);
      };
      const changes = {
        childList: true,
        subtree: true,
        attributes: true,
        attributeFilter: ['src'],
      };
      new MutationObserver(later).observe(document.body, changes);
    },
  };

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB['figure-texts'] = {
    init() {},
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin })),
  };
})();
