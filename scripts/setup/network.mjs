// What is said when a registry cannot be reached: a proxy that the environment names is the first to be looked at.

/** In the order in which npm and pip look. */
const variables = [
  'npm_config_https_proxy',
  'HTTPS_PROXY',
  'https_proxy',
  'npm_config_proxy',
  'HTTP_PROXY',
  'http_proxy',
  'PIP_PROXY',
  'ALL_PROXY',
  'all_proxy',
];

/** The proxies that an environment names, without passwords: `[['HTTPS_PROXY', 'proxy.org:3128']]`. */
function proxies(env) {
  return variables.flatMap((name) => {
    if (!env[name]) return [];
    const given = env[name].includes('://') ? env[name] : `http://${env[name]}`;
    return [[name, URL.canParse(given) ? new URL(given).host : null]];
  });
}

/**
 * A sentence on the proxy that the environment names, to be put before others; empty where there is none.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export function proxyNote(env = process.env) {
  const [first] = proxies(env);
  if (first === undefined) return '';
  const [name, host] = first;
  return host === null || host === ''
    ? `${name} names no proxy: http://HOST:PORT or http://USER:PASSWORD@HOST:PORT is expected. `
    : `${name} sends all of it to the proxy ${host}: check that it answers, and that it wants no (other) password. `;
}
