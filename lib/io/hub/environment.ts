/**
 * The environment variables of the Hugging Face hub, read as huggingface_hub 2.4 reads them (`constants.py`,
 * `utils/_auth.py`), so that both find the same cache, server and token.
 */
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { HubError } from './errors';

/** Variables by name, as `process.env`. An empty text is a value. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface HubSettings {
  /** The server's address, without a slash at the end. */
  readonly endpoint: string;
  /** Where models are kept; may be relative, as it is in the variable. */
  readonly cache: string;
  /** What `hf auth login` writes. */
  readonly tokenPath: string;
  /** Nothing may be asked of the network. */
  readonly isOffline: boolean;
  /** The stored token goes only where a caller asks for it. */
  readonly disableImplicitToken: boolean;
  /** The cache holds copies instead of links. */
  readonly disableSymlinks: boolean;
  /** undefined: as the caller likes. */
  readonly disableProgressBars: boolean | undefined;
  /** How long the hub may take to begin its answer, in seconds. */
  readonly etagTimeout: number;
  /** How long a download may pause, in seconds. */
  readonly downloadTimeout: number;
}

/** What huggingface_hub takes for a yes. */
export const isTrue = (value: string | undefined) => /^(1|on|yes|true)$/i.test(value ?? '');

/** Python's `os.path.join`: an absolute second part stands alone, nothing is tidied. */
function join(folder: string, name: string): string {
  if (name.startsWith('/') || folder === '') return name;
  return folder.endsWith('/') ? folder + name : `${folder}/${name}`;
}

/** A user's home folder: of the one who runs this, or of the one named; undefined if there is none. */
function homeOf(user: string, env: Environment): string | undefined {
  try {
    if (user === '') return env['HOME'] ?? userInfo().homedir;
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
    return lines.map((line) => line.split(':')).find(([name]) => name === user)?.[5];
  } catch {
    return undefined;
  }
}

/** Python's `os.path.expanduser`: `~` and `~user` at the start of a path. */
export function expandUser(path: string, env: Environment = process.env): string {
  const [whole, user] = /^~([^/]*)/.exec(path) ?? [];
  const home = user === undefined ? undefined : homeOf(user, env);
  if (whole === undefined || home === undefined) return path;
  return home.replace(/\/+$/, '') + path.slice(whole.length) || '/';
}

/** Python's `os.path.expandvars`: `$NAME` and `${NAME}`; unknown ones stay as they are. */
const expandVars = (path: string, env: Environment) =>
  path.replace(
    /\$(?:(\w+)|\{([^}]*)\})/g,
    (text, plain?: string, braced?: string) => env[plain ?? braced ?? ''] ?? text,
  );

const expand = (path: string, env: Environment) => expandVars(expandUser(path, env), env);

/** Seconds as Python's `int` reads them; 0 and nothing mean 10. */
function seconds(name: string, env: Environment): number {
  const text = env[name];
  if (text === undefined) return 10;
  if (!/^\s*\+?\d+(_\d+)*\s*$/.test(text)) {
    throw new HubError(`${name}: expected a whole number of seconds, got ${JSON.stringify(text)}.`);
  }
  return Number(text.replaceAll('_', '')) || 10;
}

/**
 * What the environment says of the hub.
 *
 * @throws HubError for a timeout that is no number
 */
export function hubSettings(env: Environment = process.env): HubSettings {
  // The servers and the cache of the hub's own tests.
  const isStaging = isTrue(env['HUGGINGFACE_CO_STAGING']);
  const userCache = join(expandUser('~', env), '.cache');
  const home = expand(
    env['HF_HOME'] ?? join(env['XDG_CACHE_HOME'] ?? userCache, 'huggingface'),
    env,
  );
  const endpoint = isStaging
    ? 'https://hub-ci.huggingface.co'
    : (env['HF_ENDPOINT'] ?? 'https://huggingface.co').replace(/\/+$/, '');
  const cache = env['HF_HUB_CACHE'] ?? env['HUGGINGFACE_HUB_CACHE'] ?? join(home, 'hub');
  const tokenPath = expand(env['HF_TOKEN_PATH'] ?? join(home, 'token'), env);
  const bars = env['HF_HUB_DISABLE_PROGRESS_BARS'];
  return {
    endpoint,
    cache: expand(cache, env),
    tokenPath: isStaging ? join(userCache, 'huggingface_staging/token') : tokenPath,
    isOffline: isTrue(env['HF_HUB_OFFLINE'] || env['TRANSFORMERS_OFFLINE']),
    disableImplicitToken: isTrue(env['HF_HUB_DISABLE_IMPLICIT_TOKEN']),
    disableSymlinks: isTrue(env['HF_HUB_DISABLE_SYMLINKS']),
    disableProgressBars: bars === undefined ? undefined : isTrue(bars),
    etagTimeout: seconds('HF_HUB_ETAG_TIMEOUT', env),
    downloadTimeout: seconds('HF_HUB_DOWNLOAD_TIMEOUT', env),
  };
}

/** Without line breaks, which an editor or a secret store adds; undefined if nothing is left. */
const cleaned = (token: string | undefined) => token?.replace(/[\r\n]/g, '').trim() || undefined;

/**
 * The token of the one who runs this: HF_TOKEN, else HUGGING_FACE_HUB_TOKEN, else what `hf auth login` stored.
 *
 * @throws HubError if there is a token's file that cannot be read
 */
export function hubToken(env: Environment = process.env): string | undefined {
  const given = cleaned(env['HF_TOKEN'] || env['HUGGING_FACE_HUB_TOKEN']);
  if (given !== undefined) return given;
  const { tokenPath } = hubSettings(env);
  try {
    return cleaned(readFileSync(tokenPath, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new HubError(
      `expected a token in the file '${tokenPath}', which cannot be read (${message}). ` +
        'Set HF_TOKEN_PATH to the file, or HF_TOKEN to the token.',
      undefined,
      error,
    );
  }
}

/**
 * The token that a request carries.
 *
 * @param token the token; `true` for the stored one, which must be there; `false` for none; else the stored one, if
 *   there is one and HF_HUB_DISABLE_IMPLICIT_TOKEN is not set
 * @throws HubError if it is `true` and there is none
 */
export function tokenToSend(
  token: string | boolean | undefined,
  env: Environment = process.env,
): string | undefined {
  if (typeof token === 'string') return cleaned(token);
  if (token === false) return undefined;
  if (token === undefined && hubSettings(env).disableImplicitToken) return undefined;
  const stored = hubToken(env);
  if (token === true && stored === undefined) {
    throw new HubError(
      'token: true asks for the stored token, and there is none. Set HF_TOKEN, or log in once with `hf auth login`.',
    );
  }
  return stored;
}
