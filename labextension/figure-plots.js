'use strict';
// An extension of JupyterLab, as it is loaded: reading a notebook does not write to it, and figures follow a dark theme.
// Plotly's own extension puts what it draws into the notebook's model, when a figure is pointed at; here it gets a copy. In a
// dark theme the copy has its colours turned: light for dark, the hue kept. So has the picture that is shown, not the stored one;
// what it shows of digits and photos is left (`pictures` of its metadata, in CSS pixels).

(() => {
  const { document, MutationObserver, structuredClone } = globalThis;
  const PLOTLY = 'application/vnd.plotly.v1+json';
  const PICTURES = '.jp-RenderedPlotly > img, .jp-RenderedImage > img, img[data-sdm-pictures]';
  const PAPER = 17; // JupyterLab's dark paper is #111111
  const isDark = () => document.body.dataset.jpThemeLight === 'false';

  /** A colour's lightness turned, its hue kept; white becomes the paper. In place, in three bytes. */
  function turn(bytes, at = 0) {
    const [r, g, b] = [bytes[at], bytes[at + 1], bytes[at + 2]];
    const shift = 255 - Math.max(r, g, b) - Math.min(r, g, b);
    const scale = (255 - PAPER) / 255;
    for (let i = 0; i < 3; i++) bytes[at + i] = Math.round(PAPER + scale * (bytes[at + i] + shift));
  }

  function turnedColour(css) {
    const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    context.fillStyle = '#010203';
    context.fillStyle = css;
    if (context.fillStyle === '#010203') return css; // no colour
    context.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = context.getImageData(0, 0, 1, 1).data;
    if (a === 0) return css;
    const bytes = [r, g, b];
    turn(bytes);
    return `rgba(${bytes.join(',')},${a / 255})`;
  }

  /** All colours of a part of a figure, turned in place. */
  function turnColours(part) {
    for (const [key, value] of Object.entries(part ?? {})) {
      if (typeof value === 'string' && /color$/i.test(key)) part[key] = turnedColour(value);
      else if (/color(way)?$/i.test(key) && Array.isArray(value)) {
        part[key] = value.map((one) => (typeof one === 'string' ? turnedColour(one) : one));
      } else if (typeof value === 'object' && value !== null && key !== 'colorscale') {
        if (!Array.isArray(value) || typeof value[0] === 'object') turnColours(value);
      }
    }
  }

  // Plotly's defaults, for what a figure does not say.
  const AXIS = { gridcolor: '#444', linecolor: '#aaa', zerolinecolor: '#666', tickcolor: '#aaa' };
  const DEFAULTS = {
    layout: {
      font: { color: '#ddd' },
      xaxis: AXIS,
      yaxis: AXIS,
      scene: { xaxis: AXIS, yaxis: AXIS, zaxis: AXIS },
      colorway: ['#4c9be8', '#ff9e4a', '#54c25a', '#f06b66', '#b18ad8', '#b98f84', '#ee97d3'],
    },
  };

  function inTheme(figure) {
    const copy = structuredClone(figure);
    if (!isDark()) return copy;
    turnColours(copy.data);
    turnColours(copy.layout);
    const clear = 'rgba(0,0,0,0)';
    const { template = DEFAULTS } = copy.layout ?? {};
    copy.layout = { ...copy.layout, template, paper_bgcolor: clear, plot_bgcolor: clear };
    return copy;
  }

  /** A picture's bytes turned, white paper made clear; boxes (left, top, width, height) stay. */
  function turnPicture(picture, boxes, [width, height]) {
    const canvas = document.createElement('canvas');
    canvas.width = picture.naturalWidth;
    canvas.height = picture.naturalHeight;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context.drawImage(picture, 0, 0);
    const image = context.getImageData(0, 0, canvas.width, canvas.height);
    const { data } = image;
    const before = data.slice();
    for (let i = 0; i < data.length; i += 4) {
      if (data[i] === 255 && data[i + 1] === 255 && data[i + 2] === 255) data[i + 3] = 0;
      turn(data, i);
    }
    const [across, down] = [canvas.width / width, canvas.height / height];
    for (const [left, top, wide, high] of boxes) {
      for (let y = Math.round(top * down); y < Math.round((top + high) * down); y++) {
        const from = 4 * (y * canvas.width + Math.max(0, Math.round(left * across)));
        const to =
          4 * (y * canvas.width + Math.min(canvas.width, Math.round((left + wide) * across)));
        data.set(before.subarray(from, to), from);
      }
    }
    context.putImageData(image, 0, 0);
    return canvas.toDataURL();
  }

  /** What the output of a picture says about it: undefined if it is no figure of the library. */
  function metadataOf(app, picture) {
    if (picture.dataset.sdmPictures) return { pictures: JSON.parse(picture.dataset.sdmPictures) };
    for (const panel of app.shell.widgets('main')) {
      if (!panel.node.contains(picture)) continue;
      for (const { outputArea } of panel.content?.widgets ?? []) {
        const index = outputArea?.widgets.findIndex(({ node }) => node.contains(picture)) ?? -1;
        if (index < 0) continue;
        const { data, metadata } = outputArea.model.get(index);
        const text = [data['text/plain'] ?? ''].flat().join('');
        return text.startsWith('Figure (') ? (metadata['image/png'] ?? {}) : undefined;
      }
    }
    return undefined;
  }

  /** The picture that each element would show in a light theme, and the one that is shown instead. */
  const shown = new WeakMap();

  async function follow(app, picture) {
    const known = shown.get(picture);
    const light = known?.turned === picture.src ? known.light : picture.src;
    if (!isDark()) {
      if (picture.src !== light) picture.src = light;
      return;
    }
    if (known?.turned === picture.src || !light.startsWith('data:image/png')) return;
    const metadata = metadataOf(app, picture);
    if (!metadata) return;
    picture.style.opacity = '0'; // else each new state of a live figure would flash
    try {
      await picture.decode();
      if (picture.src !== light) return;
      const { naturalWidth, naturalHeight } = picture;
      const size = [metadata.width ?? naturalWidth, metadata.height ?? naturalHeight];
      const turned = turnPicture(picture, metadata.pictures ?? [], size);
      shown.set(picture, { light, turned });
      picture.src = turned;
    } catch {
      // the next state came meanwhile, or it is no picture
    } finally {
      picture.style.opacity = '';
    }
  }

  const drawn = new Set();

  function patch({ prototype }) {
    const { createGraph } = prototype;
    prototype.createGraph = function (model) {
      this.figureModel = model;
      drawn.add(new globalThis.WeakRef(this));
      const data = { ...model.data, [PLOTLY]: inTheme(model.data[PLOTLY]) };
      return createGraph.call(this, { data, metadata: model.metadata, setData() {} });
    };
  }

  function redrawAll() {
    for (const reference of drawn) {
      const widget = reference.deref();
      if (!widget || widget.isDisposed) drawn.delete(reference);
      else if (widget.hasGraphElement()) void widget.createGraph(widget.figureModel);
    }
  }

  const plugin = {
    id: 'figure-plots:plugin',
    autoStart: true,
    activate(app) {
      globalThis._JUPYTERLAB['jupyterlab-plotly']
        ?.get('./mimeExtension')
        .then((module) => patch(module().RenderedPlotly));
      const followAll = () => {
        for (const picture of document.querySelectorAll(PICTURES)) void follow(app, picture);
      };
      new MutationObserver(followAll).observe(document.body, {
        childList: true,
        subtree: true,
        attributes: true,
        attributeFilter: ['src'],
      });
      new MutationObserver(() => {
        followAll();
        redrawAll();
      }).observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-light'] });
    },
  };

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB['figure-plots'] = {
    init() {},
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin })),
  };
})();
