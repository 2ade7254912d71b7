/** Environments, and what huggingface_hub 2.4 makes of them; test/parity/hub-environment.test.ts asks it whether that is so. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import {
  hubSettings,
  hubToken,
  tokenToSend,
  type HubSettings,
} from '../../../lib/io/hub/environment';

/** The first user of this machine, as `~name` leads to one's home. */
const [SOMEBODY = '', , , , , THEIR_HOME = ''] = readFileSync('/etc/passwd', 'utf8').split(':', 6);

/** What is compared: the settings, the stored token, and the one that is sent unless the caller says which. */
export interface Resolved extends HubSettings {
  readonly token: string | null;
  readonly sent: string | null;
}

/** `T` stands for a folder of `writeTokens`; HOME is `T/home` unless told. */
export type Case = readonly [
  env: Readonly<Record<string, string>>,
  expected: Readonly<Partial<Resolved>>,
];

export const CASES: readonly Case[] = [
  [
    {},
    {
      endpoint: 'https://huggingface.co',
      cache: 'T/home/.cache/huggingface/hub',
      tokenPath: 'T/home/.cache/huggingface/token',
      isOffline: false,
      disableImplicitToken: false,
      disableSymlinks: false,
      disableProgressBars: undefined,
      etagTimeout: 10,
      downloadTimeout: 10,
      token: 'of-home',
      sent: 'of-home',
    },
  ],
  // The server's address
  [{ HF_ENDPOINT: 'http://mirror' }, { endpoint: 'http://mirror' }],
  [{ HF_ENDPOINT: 'http://mirror/' }, { endpoint: 'http://mirror' }],
  [{ HF_ENDPOINT: 'http://mirror:8080/a/b///' }, { endpoint: 'http://mirror:8080/a/b' }],
  [{ HF_ENDPOINT: '' }, { endpoint: '' }],
  [{ HF_ENDPOINT: '/' }, { endpoint: '' }],
  [
    { HUGGINGFACE_CO_STAGING: '1', HF_ENDPOINT: 'http://mirror' },
    {
      endpoint: 'https://hub-ci.huggingface.co',
      tokenPath: 'T/home/.cache/huggingface_staging/token',
      token: null,
    },
  ],
  // Offline mode
  [{ HF_HUB_OFFLINE: '1' }, { isOffline: true }],
  [{ HF_HUB_OFFLINE: 'on' }, { isOffline: true }],
  [{ HF_HUB_OFFLINE: 'Yes' }, { isOffline: true }],
  [{ HF_HUB_OFFLINE: 'TRUE' }, { isOffline: true }],
  [{ HF_HUB_OFFLINE: '0' }, { isOffline: false }],
  [{ HF_HUB_OFFLINE: 'y' }, { isOffline: false }],
  [{ HF_HUB_OFFLINE: ' 1' }, { isOffline: false }],
  [{ HF_HUB_OFFLINE: '2' }, { isOffline: false }],
  [{ TRANSFORMERS_OFFLINE: '1' }, { isOffline: true }],
  [{ TRANSFORMERS_OFFLINE: 'yes' }, { isOffline: true }],
  [{ TRANSFORMERS_OFFLINE: '0' }, { isOffline: false }],
  [{ HF_HUB_OFFLINE: '', TRANSFORMERS_OFFLINE: '1' }, { isOffline: true }],
  [{ HF_HUB_OFFLINE: '0', TRANSFORMERS_OFFLINE: '1' }, { isOffline: false }],
  [{ HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '0' }, { isOffline: true }],
  // Folders
  [{ HF_HOME: '~/x' }, { cache: 'T/home/x/hub', tokenPath: 'T/home/x/token', token: null }],
  [{ HF_HOME: '~' }, { cache: 'T/home/hub' }],
  [{ HF_HOME: `~${SOMEBODY}/x` }, { cache: `${THEIR_HOME}/x/hub` }],
  [{ HF_HOME: '~nobody-of-this-name/x' }, { cache: '~nobody-of-this-name/x/hub' }],
  [{ HF_HOME: 'a~/x' }, { cache: 'a~/x/hub' }],
  [{ HF_HOME: '$HOME/y' }, { cache: 'T/home/y/hub' }],
  [{ HF_HOME: '${HOME}z' }, { cache: 'T/homez/hub' }],
  [{ HF_HOME: '$NOWHERE/y' }, { cache: '$NOWHERE/y/hub' }],
  [{ HF_HOME: '${NOWHERE}/${}/$' }, { cache: '${NOWHERE}/${}/$/hub' }],
  [
    { HF_HOME: 'T/$A', A: '$B', B: 'c' },
    { cache: 'T/c/hub', tokenPath: 'T/c/token' },
  ],
  [{ HF_HOME: 'T/hf' }, { cache: 'T/hf/hub', token: 'of-hf' }],
  [{ HF_HOME: 'T/hf/' }, { cache: 'T/hf/hub', token: 'of-hf' }],
  [{ HF_HOME: 'T/a/../hf' }, { cache: 'T/a/../hf/hub' }],
  [{ HF_HOME: '' }, { cache: 'hub', tokenPath: 'token' }],
  [{ HOME: 'T/home/' }, { cache: 'T/home/.cache/huggingface/hub', token: 'of-home' }],
  [{ HOME: '' }, { cache: '/.cache/huggingface/hub' }],
  [{ XDG_CACHE_HOME: 'T/xdg' }, { cache: 'T/xdg/huggingface/hub', token: 'of-xdg' }],
  [{ XDG_CACHE_HOME: '~/c' }, { cache: 'T/home/c/huggingface/hub' }],
  [{ XDG_CACHE_HOME: '' }, { cache: 'huggingface/hub' }],
  [
    { XDG_CACHE_HOME: 'T/xdg', HF_HOME: 'T/hf' },
    { cache: 'T/hf/hub', token: 'of-hf' },
  ],
  [
    { HF_HUB_CACHE: 'T/cache', HF_HOME: 'T/hf' },
    { cache: 'T/cache', tokenPath: 'T/hf/token', token: 'of-hf' },
  ],
  [{ HF_HUB_CACHE: '~/cache/' }, { cache: 'T/home/cache/' }],
  [{ HF_HUB_CACHE: '' }, { cache: '' }],
  [{ HUGGINGFACE_HUB_CACHE: '~/old' }, { cache: 'T/home/old' }],
  [{ HUGGINGFACE_HUB_CACHE: 'T/old', HF_HUB_CACHE: 'T/new' }, { cache: 'T/new' }],
  [{ HUGGINGFACE_HUB_CACHE: 'T/old', HF_HUB_CACHE: '' }, { cache: '' }],
  [{ HUGGINGFACE_HUB_CACHE: '' }, { cache: '' }],
  [{ TRANSFORMERS_CACHE: 'T/t' }, { cache: 'T/home/.cache/huggingface/hub' }],
  // The token
  [{ HF_TOKEN: 'hf_a' }, { token: 'hf_a', sent: 'hf_a' }],
  [{ HF_TOKEN: ' hf_a\r\n' }, { token: 'hf_a' }],
  [{ HF_TOKEN: 'hf\n_a' }, { token: 'hf_a' }],
  [{ HF_TOKEN: '' }, { token: 'of-home' }],
  [{ HF_TOKEN: '', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, { token: 'hf_b' }],
  [{ HF_TOKEN: ' ', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, { token: 'of-home' }],
  [{ HF_TOKEN: 'hf_a', HUGGING_FACE_HUB_TOKEN: 'hf_b' }, { token: 'hf_a' }],
  [{ HUGGING_FACE_HUB_TOKEN: 'hf_b' }, { token: 'hf_b' }],
  [{ HUGGING_FACE_HUB_TOKEN: '' }, { token: 'of-home' }],
  [{ HF_TOKEN_PATH: 'T/file' }, { tokenPath: 'T/file', token: 'of-file' }],
  [{ HF_TOKEN_PATH: '~/.cache/huggingface/token' }, { token: 'of-home' }],
  [
    { HF_TOKEN_PATH: '$XDG_CACHE_HOME/huggingface/token', XDG_CACHE_HOME: 'T/xdg' },
    { token: 'of-xdg' },
  ],
  [{ HF_TOKEN_PATH: 'T/empty' }, { token: null }],
  [{ HF_TOKEN_PATH: 'T/none' }, { token: null }],
  [{ HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }, { token: 'of-home', sent: null }],
  [
    { HF_HUB_DISABLE_IMPLICIT_TOKEN: 'yes', HF_TOKEN: 'hf_a' },
    { token: 'hf_a', sent: null },
  ],
  [{ HF_HUB_DISABLE_IMPLICIT_TOKEN: '0' }, { sent: 'of-home' }],
  // The rest
  [{ HF_HUB_ETAG_TIMEOUT: '30' }, { etagTimeout: 30, downloadTimeout: 10 }],
  [{ HF_HUB_DOWNLOAD_TIMEOUT: ' 1_20 ' }, { etagTimeout: 10, downloadTimeout: 120 }],
  [
    { HF_HUB_ETAG_TIMEOUT: '0', HF_HUB_DOWNLOAD_TIMEOUT: '+5' },
    { etagTimeout: 10, downloadTimeout: 5 },
  ],
  [{ HF_HUB_DISABLE_SYMLINKS: 'on' }, { disableSymlinks: true }],
  [{ HF_HUB_DISABLE_PROGRESS_BARS: '1' }, { disableProgressBars: true }],
  [{ HF_HUB_DISABLE_PROGRESS_BARS: '0' }, { disableProgressBars: false }],
  [{ HF_HUB_DISABLE_PROGRESS_BARS: '' }, { disableProgressBars: false }],
];

/** Puts a folder's name for `T`. */
export function placed<R extends object>(record: R, folder: string): R {
  const entries = Object.entries(record).map(([key, value]) => [
    key,
    typeof value === 'string' ? value.replace(/^T(?=\/)/, folder) : (value as unknown),
  ]);
  return Object.fromEntries(entries) as R;
}

/** The token's files that the cases speak of. */
export function writeTokens(folder: string): void {
  const files = {
    'home/.cache/huggingface/token': 'of-home',
    'xdg/huggingface/token': 'of-xdg\n',
    'hf/token': 'of-hf',
    file: '  of-file\r\n',
    empty: '\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), text);
  }
}

/** The environment of a case. */
export const environmentOf = ([env]: Case, folder: string): Record<string, string> =>
  placed({ HOME: 'T/home', ...env }, folder);

/** What lib makes of it. */
export function resolved(env: Readonly<Record<string, string>>): Resolved {
  const token = hubToken(env) ?? null;
  return { ...hubSettings(env), token, sent: tokenToSend(undefined, env) ?? null };
}
