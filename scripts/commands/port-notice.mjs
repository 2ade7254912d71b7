// Whether a port that was asked for is free.
import net from 'node:net';

/**
 * JupyterLab takes another port without asking, as it always has; that is said where it is read.
 *
 * @param {number} port
 * @returns {Promise<string | null>}
 */
export function portNotice(port) {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once('error', ({ code }) => {
      const why = { EADDRINUSE: 'is taken', EACCES: 'needs more rights' }[code];
      resolve(
        why === undefined
          ? null
          : `Port ${port} ${why}: JupyterLab takes another; its address is below.`,
      );
    });
    server.listen(port, 'localhost', () => server.close(() => resolve(null)));
  });
}
