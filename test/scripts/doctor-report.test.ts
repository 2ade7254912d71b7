import { expect, it } from 'vitest';
import { loadScript } from '../support/script';

const { anonymous } = loadScript<{
  anonymous: (
    text: string,
    known: { root: string; home: string; user: string; host: string },
  ) => string;
}>('doctor/report.mjs');

const known = { root: '/home/ada/my clone', home: '/home/ada', user: 'ada', host: 'ada-laptop' };

it.each([
  ['fails at /home/ada/my clone/lib/a.ts:3', 'fails at <clone>/lib/a.ts:3'],
  ['in /home/ada/.cache and /opt/secret/python3', 'in <home>/.cache and <path>'],
  ["cannot open '/mnt/Ada Lovelace'", "cannot open '<path>'"],
  ['a Windows path: C:\\Users\\ada\\x', 'a Windows path: <path>'],
  ['see https://user:pw@host/x?token=1 now', 'see <address> now'],
  ['HF_TOKEN=hf_abcdefghijk and npm_0123456789', 'HF_TOKEN=<hidden> and <token>'],
  ['token: abc', 'token=<hidden>'],
  ['ada on ada-laptop, ada@example.org; adamw stays', '<user> on <machine>, <mail>; adamw stays'],
  [
    'OK    convolution: loss 880, gradient 280 360',
    'OK    convolution: loss 880, gradient 280 360',
  ],
  ['6.2 of 8.4 GB; 1/2 of CPU/GPU', '6.2 of 8.4 GB; 1/2 of CPU/GPU'],
  ['Linux 6.1.0-21-amd64', 'Linux 6.1.0-21-amd64'],
])('%s is told as %s', (text, told) => {
  expect(anonymous(text, known)).toBe(told);
});
