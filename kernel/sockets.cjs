'use strict';
// No message is lost between the kernel and Jupyter, however many a cell sends.

/**
 * tslab does not wait for a message to be sent before it sends the next. zeromq puts every 513th off to the
 * next turn of the event loop (`max_sync_operations` in its socket.cc) and refuses with EBUSY what comes
 * before that, such as the status that ends a cell. Without time to wait it sends at once, always: these
 * sockets never block. Nor do they drop, without a high-water mark, what Jupyter has not taken yet.
 */
function installSockets({ jupyter }) {
  const server = jupyter.ZmqServer.prototype;
  const { bindSocket } = server;
  server.bindSocket = function (socket, port) {
    if (socket !== this.hb) {
      socket.sendTimeout = 0;
      socket.sendHighWaterMark = 0;
    }
    return bindSocket.call(this, socket, port);
  };
}

module.exports = { installSockets };
