// Bun, whose WebSockets are uWebSockets: a message is published to its room.
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  fetch(request, server) {
    const room = new URL(request.url).pathname;
    if (!server.upgrade(request, { data: { room } })) return new Response("expected a WebSocket", { status: 426 });
  },
  websocket: {
    perMessageDeflate: false,
    open(socket) {
      if (socket.data.room !== "/echo") socket.subscribe(socket.data.room);
    },
    message(socket, data) {
      if (socket.data.room === "/echo") socket.send(data);
      else server.publish(socket.data.room, data);
    },
  },
});
console.log(`listening on http://127.0.0.1:${server.port}`);
