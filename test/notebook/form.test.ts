import { describe, expect, it } from 'vitest';
import { form } from '../../lib/notebook/form';

const values = { guidance: 8, sampler: 'ddpm', clip: true, prompt: 'A "4" <b>' };
const controls = {
  guidance: { min: 0, max: 20, step: 0.5 },
  sampler: ['ddpm', 'ddim'],
} as const;

describe('form', () => {
  it('shows an input for each setting, all text escaped', () => {
    const html = form(values, controls).toHtml();
    expect(html).toContain('<input type="range" min="0" max="20" step="0.5" value="8"');
    expect(html).toContain('<option selected>ddpm</option><option>ddim</option>');
    expect(html).toContain('type="checkbox"');
    expect(html).toContain('value="A &quot;4&quot; &lt;b&gt;"');
    // inert until JupyterLab's extension has seen them
    expect(html.match(/ disabled/g)?.length).toBeGreaterThanOrEqual(4);
    expect(html.match(/aria-label="/g)).toHaveLength(4);
  });

  it('has no script, whatever is in it, and says where it can be used', () => {
    const html = form({ '</script><script>alert(1)</script><!--': '</script>' }).toHtml();
    expect(html).not.toMatch(/<\/?script|<!--/);
    expect(html).toContain('<small>Only shown here: it can be used in JupyterLab');
  });

  it('takes the changes that the page sends by its name', () => {
    const settings = form(values, controls);
    const forms = (globalThis as Record<symbol, unknown>)[Symbol.for('sdm.forms')];
    const send = (forms as Map<string, (name: string, value: unknown) => void>).get(settings.id);
    send?.('guidance', 3.5);
    send?.('sampler', 'ddim');
    expect(settings.values).toEqual({ ...values, guidance: 3.5, sampler: 'ddim' });
    expect(String(settings)).toMatch(/guidance +3\.5/);
  });

  it('refuses what a control does not allow', () => {
    const settings = form(values, controls);
    expect(() => settings.set('guidance', 21)).toThrow('from 0 to 20, got 21');
    expect(() => settings.set('sampler', 'euler')).toThrow('one of ddpm, ddim, got euler');
    expect(() => settings.set('clip', 'yes' as unknown as boolean)).toThrow('expected a boolean');
    expect(() => settings.set('nothing' as 'clip', true)).toThrow('no such setting');
    expect(settings.values).toEqual(values);
  });

  it('names all that is wrong with it at once', () => {
    const bad = () => form({ a: 5, b: 'x' }, { a: { min: 6, max: 7 }, b: ['y'], c: [] } as object);
    expect(bad).toThrow(/c: expected a control of a, b; a: .*from 6 to 7.*; b: .*one of y/);
  });
});
