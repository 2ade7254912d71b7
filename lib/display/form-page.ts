/** What a form does in the browser: it is sent there as text. */

/** The parts of the browser's page that the script uses: lib is compiled without the DOM's types. */
interface Input {
  disabled: boolean;
  checked: boolean;
  value: string;
  readonly type: string;
  readonly dataset: { readonly name: string };
  readonly nextElementSibling: { textContent: string } | null;
  addEventListener(type: string, listener: () => void): void;
}

interface Reply {
  readonly header: { readonly msg_type: string };
  readonly parent_header: { readonly msg_id?: string };
  readonly content: { readonly status?: string };
}

/**
 * Runs in the page, as text: it may use nothing from around it. Asks which kernel this notebook has, and
 * sends each change there.
 */
export function connectForm(id: string, types: Record<string, string>): void {
  const { document, location, fetch, WebSocket } = globalThis as unknown as {
    document: {
      getElementById: (id: string) => {
        textContent: string;
        querySelectorAll(selector: string): Iterable<Input>;
        querySelector(selector: string): { textContent: string };
      } | null;
      querySelector(selector: string): { getAttribute(name: string): string | null } | null;
    };
    location: { origin: string };
    fetch: (url: string) => Promise<{ json(): Promise<unknown> }>;
    WebSocket: new (url: string) => {
      onopen: () => void;
      onclose: () => void;
      onmessage: (event: { data: unknown }) => void;
      send(text: string): void;
    };
  };
  const root = document.getElementById(`form-${id}`);
  const settings = document.getElementById('jupyter-config-data');
  if (!root || !settings) return; // an exported page: the values are shown, no more
  const { baseUrl, token } = JSON.parse(settings.textContent) as { baseUrl: string; token: string };
  const query = token ? `?token=${encodeURIComponent(token)}` : '';
  const say = (text: string) => (root.querySelector('small').textContent = text);
  interface Session {
    readonly path: string;
    readonly kernel: { readonly id: string };
  }
  let socket: InstanceType<typeof WebSocket> | undefined;
  let sent = 0;
  const waiting = new Map<string, string>();
  const send = (name: string, code: string) => {
    const msg_id = `${id}-${++sent}`;
    waiting.set(msg_id, name);
    const date = new Date().toISOString();
    const header = {
      msg_id,
      msg_type: 'execute_request',
      session: id,
      username: '',
      version: '5.3',
    };
    const content = {
      code,
      silent: true,
      store_history: false,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: false,
    };
    const message = { channel: 'shell', header: { ...header, date }, content };
    socket?.send(JSON.stringify({ ...message, parent_header: {}, metadata: {}, buffers: [] }));
    say(`${name}: waits for the kernel, which works.`);
  };
  const answered = (data: unknown) => {
    if (typeof data !== 'string') return;
    const { header, parent_header, content } = JSON.parse(data) as Reply;
    const name = waiting.get(parent_header.msg_id ?? '');
    if (header.msg_type !== 'execute_reply' || name === undefined) return;
    waiting.delete(parent_header.msg_id ?? '');
    if (content.status === 'ok') say(`${name} is set; run the cells below to use it.`);
    else say(`${name} is not set: the kernel has been started anew. Run this cell again.`);
  };
  void (async () => {
    const sessions = (await (await fetch(`${baseUrl}api/sessions${query}`)).json()) as Session[];
    const tab = document.querySelector('#jp-main-dock-panel .lm-TabBar-tab.jp-mod-current');
    const title = tab?.getAttribute('title') ?? '';
    const own = sessions.find(({ path }) => title.includes(path)) ?? sessions[0];
    if (!own) return;
    const address = `${location.origin.replace(/^http/, 'ws')}${baseUrl}api/kernels/${own.kernel.id}/channels`;
    socket = new WebSocket(address + query);
    socket.onmessage = ({ data }) => answered(data);
    socket.onclose = () => {
      for (const input of root.querySelectorAll('input, select')) input.disabled = true;
      say('The kernel has ended: run this cell again to use the form.');
    };
    socket.onopen = () => {
      for (const input of root.querySelectorAll('input, select')) {
        input.disabled = false;
        input.addEventListener('input', () => {
          const { name } = input.dataset;
          const raw = input.type === 'checkbox' ? input.checked : input.value;
          const value =
            types[name] === 'number'
              ? Number(raw)
              : types[name] === 'boolean'
                ? raw === true || raw === 'true'
                : raw;
          if (input.type === 'range' && input.nextElementSibling)
            input.nextElementSibling.textContent = String(value);
          const change = JSON.stringify([name, value]);
          send(
            name,
            `(globalThis as any)[Symbol.for('sdm.forms')].get(${JSON.stringify(id)})(...${change})`,
          );
        });
      }
    };
  })();
}
