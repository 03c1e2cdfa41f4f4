// The chat with the library ws: node server.mjs PORT. Each message is parsed, written anew and encoded once for all.

import { WebSocketServer } from 'ws';

const server = new WebSocketServer({
  host: '127.0.0.1', port: Number(process.argv[2]), path: '/ws', backlog: 4096, perMessageDeflate: false,
});

server.on('connection', (socket) => {
  socket.on('error', () => socket.terminate());
  socket.on('message', (data) => {
    const { email, username, message } = JSON.parse(data);
    const text = Buffer.from(JSON.stringify({ email, username, message }));
    for (const client of server.clients) {
      if (client.readyState === 1) client.send(text, { binary: false });
    }
  });
});
