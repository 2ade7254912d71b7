/** What the page may set, by ids that it knows from the HTML of forms and pads (labextension/forms.js). */

/** Takes a change. @throws RangeError with a sentence that the page shows, if it is not allowed */
export type Setter = (name: string, value: unknown) => void;

const FORMS = Symbol.for('sdm.forms');

/** What a form says where no extension brings it to life. */
export const ONLY_SHOWN = 'Only shown here: it can be used in JupyterLab as npm start starts it.';

export function formRegistry(): Map<string, Setter> {
  const globals = globalThis as { [FORMS]?: Map<string, Setter> };
  return (globals[FORMS] ??= new Map<string, Setter>());
}
