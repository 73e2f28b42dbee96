// A wire between pages and a server that a test can cut and mend. Only bytes: what goes through is as sent.
import { once } from "node:events";
import { connect, createServer } from "node:net";

/** Opens a wire to a port of this machine. Pages use `origin` in place of the server's own. */
export async function openWire(port) {
  const open = new Set();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) return void near.destroy();
    const far = connect(port, "127.0.0.1");
    for (const [socket, other] of [[near, far], [far, near]]) {
      open.add(socket);
      socket.unref();
      socket.pipe(other);
      // A reset at one end is a reset at the other; either end tells by closing.
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // A test that fails before it takes the wire away must not keep the others from being run.
  server.unref();
  const cut = () => {
    whole = false;
    for (const socket of open) socket.destroy();
  };
  return {
    origin: `http://127.0.0.1:${server.address().port}`,
    /** Ends every connection, and every new one at once. */
    cut,
    /** Has new connections come to another port; those that there are stay. */
    lead: (to) => void (port = to),
    /** Lets new connections through again. */
    mend: () => (whole = true),
    /** Takes the wire away for good. */
    async close() {
      cut();
      const closed = once(server, "close");
      server.ref();
      server.close();
      await closed;
    },
  };
}
