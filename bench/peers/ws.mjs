// node `ws`: a message goes to everybody in its room, in a loop as its documentation has it.
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false });
const rooms = new Map();

server.on("connection", (socket, request) => {
  if (request.url === "/echo") return socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  const room = rooms.get(request.url) ?? new Set();
  rooms.set(request.url, room.add(socket));
  socket.on("close", () => room.delete(socket));
  socket.on("message", (data, isBinary) => {
    for (const other of room) other.send(data, { binary: isBinary });
  });
});
server.on("listening", () => console.log(`listening on http://127.0.0.1:${server.address().port}`));
