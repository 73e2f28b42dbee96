// Colyseus: a message is broadcast to everybody in the room. It has no state, whose patches would be sent as well.
import { Room, Server } from "@colyseus/core";
import { WebSocketTransport } from "@colyseus/ws-transport";

class Everybody extends Room {
  maxClients = Infinity;
  patchRate = null;
  messages = { e: (_client, payload) => this.broadcast("e", payload) };
}

const transport = new WebSocketTransport({ pingInterval: 0 });
const server = new Server({ transport, greet: false, gracefullyShutdown: false });
server.define("room", Everybody);
await server.listen(0, "127.0.0.1");
console.log(`listening on http://127.0.0.1:${transport.server.address().port}`);
