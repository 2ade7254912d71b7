'use strict';
// A network by TCP alone. `serve PORT` answers each byte, and a first byte `b` by reading all that follows; `measure HOST PORT` prints
// JSON: bytes a second, and the seconds of a byte one way.
const net = require('node:net');
const { once } = require('node:events');

const [what, ...where] = process.argv.slice(2);
const BYTES = 12_500_000;

function serve(port) {
  const server = net.createServer((socket) => {
    let left = null;
    socket.setNoDelay(true);
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (left === null && data[0] === 98) left = BYTES + 1;
      if (left === null) return void socket.write(data);
      left -= data.length;
      if (left === 0) socket.end('.');
    });
  });
  server.listen(Number(port), '0.0.0.0', () => console.log('ready'));
}

async function connected(host, port) {
  const socket = net.connect({ host, port: Number(port), noDelay: true });
  await once(socket, 'connect');
  return socket;
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

async function measure(host, port) {
  const small = await connected(host, port);
  const trips = [];
  for (let i = 0; i < 200; i++) {
    const start = performance.now();
    small.write('.');
    await once(small, 'data');
    trips.push((performance.now() - start) / 2000);
  }
  small.destroy();
  const rates = [];
  for (let i = 0; i < 3; i++) {
    const large = await connected(host, port);
    const start = performance.now();
    large.write('b');
    large.write(Buffer.alloc(BYTES));
    await once(large, 'data');
    rates.push(BYTES / ((performance.now() - start) / 1000));
    large.destroy();
  }
  console.log(JSON.stringify({ rate: median(rates), latency: median(trips) }));
}

if (what === 'serve') serve(...where);
else void measure(...where);
