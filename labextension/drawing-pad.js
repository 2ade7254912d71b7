'use strict';
// An extension of JupyterLab, as it is loaded: makes the library's drawing pads live, for mouse, pen and finger. What is drawn goes
// the way of a form's settings (forms.js): into the pad's hidden input, whose change that extension sends to the kernel.

(() => {
  const { document, Event, MutationObserver } = globalThis;
  const PAD = '[data-sdm-pad]';
  const DRAWING = 'input[data-name="drawing"]';
  /** Tenths of a pixel are near enough. */
  const rounded = (x) => Math.round(x * 10) / 10;

  /** As drawnStrokes of lib/notebook/strokes.ts, so that what is seen is what the kernel has. */
  function paint(context, strokes, lineWidth) {
    const { width, height } = context.canvas;
    const reach = lineWidth / 2 + 0.5;
    const covered = new Float32Array(width * height);
    for (const stroke of strokes) {
      stroke.forEach(([bx, by], i) => {
        const [ax, ay] = stroke[Math.max(0, i - 1)];
        const [dx, dy] = [bx - ax, by - ay];
        const along = dx * dx + dy * dy;
        const lastY = Math.min(height, Math.max(ay, by) + reach);
        const lastX = Math.min(width, Math.max(ax, bx) + reach);
        for (let y = Math.max(0, Math.floor(Math.min(ay, by) - reach)); y < lastY; y++) {
          for (let x = Math.max(0, Math.floor(Math.min(ax, bx) - reach)); x < lastX; x++) {
            const [px, py] = [x + 0.5 - ax, y + 0.5 - ay];
            const t = along > 0 ? Math.max(0, Math.min(1, (px * dx + py * dy) / along)) : 0;
            const here = Math.min(1, reach - Math.hypot(px - t * dx, py - t * dy));
            covered[y * width + x] = Math.max(covered[y * width + x], here);
          }
        }
      });
    }
    const image = context.createImageData(width, height);
    covered.forEach((x, i) => {
      const grey = Math.round(x * 255);
      image.data.set([grey, grey, grey, 255], 4 * i);
    });
    context.putImageData(image, 0, 0);
  }

  function button(text, onclick) {
    const made = document.createElement('button');
    Object.assign(made, { type: 'button', textContent: text, onclick });
    made.dataset.lmSuppressShortcuts = 'true';
    made.style.margin = '4px 4px 4px 0';
    return made;
  }

  function enliven(pad) {
    const input = pad.querySelector(DRAWING);
    const picture = pad.querySelector('img');
    const [width, height, lineWidth, scale] = pad.dataset.sdmPad.split(' ').map(Number);
    if (!input || !picture || pad.querySelector('canvas')) return;
    let strokes = JSON.parse(input.value);
    const canvas = document.createElement('canvas');
    const context = canvas.getContext('2d');
    Object.assign(canvas, { width, height });
    canvas.setAttribute('role', 'img');
    Object.assign(canvas.style, {
      width: `${width * scale}px`,
      height: `${height * scale}px`,
      imageRendering: 'pixelated',
      touchAction: 'none', // a finger draws instead of scrolling
      cursor: 'crosshair',
      outline: '1px solid #8888',
    });
    const show = () => {
      paint(context, strokes, lineWidth);
      const count = `${strokes.length} ${strokes.length === 1 ? 'stroke' : 'strokes'}`;
      canvas.setAttribute('aria-label', `Drawing pad of ${width} × ${height} pixels, ${count}`);
    };
    const send = () => {
      input.value = JSON.stringify(strokes);
      input.dispatchEvent(new Event('input', { bubbles: true }));
    };
    const change = (changed) => {
      strokes = changed;
      show();
      send();
    };
    const placeOf = ({ clientX, clientY }) => {
      const box = canvas.getBoundingClientRect();
      return [
        rounded(((clientX - box.left) * width) / box.width),
        rounded(((clientY - box.top) * height) / box.height),
      ];
    };
    let drawing = null;
    canvas.onpointerdown = (event) => {
      if (event.button !== 0 || !event.isPrimary) return;
      event.preventDefault();
      canvas.setPointerCapture(event.pointerId);
      drawing = [placeOf(event)];
      strokes = [...strokes, drawing];
      show();
    };
    canvas.onpointermove = (event) => {
      if (!drawing || !event.isPrimary) return;
      drawing.push(placeOf(event));
      show();
    };
    canvas.onpointerup = canvas.onpointercancel = (event) => {
      if (!drawing || !event.isPrimary) return;
      drawing = null;
      send();
    };
    const undo = button('Undo', () => change(strokes.slice(0, -1)));
    const clear = button('Clear', () => change([]));
    picture.replaceWith(canvas);
    const buttons = document.createElement('div');
    buttons.append(undo, clear);
    canvas.after(buttons);
    show();
  }

  const enlivenAll = () => document.querySelectorAll(PAD).forEach(enliven);

  const plugin = {
    id: 'drawing-pad:plugin',
    autoStart: true,
    activate() {
      new MutationObserver(enlivenAll).observe(document.body, { childList: true, subtree: true });
      enlivenAll();
    },
  };

  globalThis._JUPYTERLAB ??= {};
  globalThis._JUPYTERLAB['drawing-pad'] = {
    init() {},
    get: () => Promise.resolve(() => ({ __esModule: true, default: plugin })),
  };
})();
