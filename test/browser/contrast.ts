import type { Page } from 'playwright-core';

/** A text on the page and the contrast with what is behind it, 1 to 21 (WCAG 2.2, relative luminance). */
export interface TextContrast {
  readonly text: string;
  readonly contrast: number;
}

/** The contrasts of all texts inside the elements that match. */
export function contrasts(page: Page, selector: string): Promise<TextContrast[]> {
  return page.evaluate((selector) => {
    type Rgba = [number, number, number, number];
    const rgba = (css: string): Rgba => {
      const [r = 0, g = 0, b = 0, a = 1] = (css.match(/[\d.]+/g) ?? []).map(Number);
      return [r, g, b, a];
    };
    const over = (above: Rgba, below: Rgba): Rgba => {
      const mix = (i: 0 | 1 | 2) => above[i] * above[3] + below[i] * (1 - above[3]);
      return [mix(0), mix(1), mix(2), 1];
    };
    const paper = (element: Element | null): Rgba => {
      if (!element) return [255, 255, 255, 1];
      const own = rgba(getComputedStyle(element).backgroundColor);
      return own[3] === 1 ? own : over(own, paper(element.parentElement));
    };
    const luminance = ([r, g, b]: Rgba) => {
      const linear = (byte: number) => {
        const c = byte / 255;
        return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
      };
      return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
    };
    const found: TextContrast[] = [];
    for (const root of document.querySelectorAll(selector)) {
      const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const text = node.textContent?.trim() ?? '';
        const element = node.parentElement;
        if (!text || !element || element.closest('svg, style, script')) continue;
        const behind = paper(element);
        const ink = over(rgba(getComputedStyle(element).color), behind);
        const [light, dark] = [luminance(ink), luminance(behind)].sort((a, b) => b - a);
        const contrast = ((light ?? 0) + 0.05) / ((dark ?? 0) + 0.05);
        found.push({ text: text.slice(0, 60), contrast });
      }
    }
    return found;
  }, selector);
}
