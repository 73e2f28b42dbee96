// Serves this package's folder to browsers of this machine, for the pages beside this file: npm run examples [PORT]
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { argv } from "node:process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** Starts it; 0 takes a free port. Answers the server and its origin. */
export async function serve(port = 0) {
  const server = createServer(async ({ url }, response) => {
    // A URL's path leads out of no folder; what is percent-encoded in it stays so, and is not found.
    const path = join(root, new URL(url, "http://localhost").pathname);
    const found = await stat(path).catch(() => undefined);
    if (!found?.isFile()) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "application/octet-stream" });
    createReadStream(path).pipe(response);
  });
  await new Promise((done, failed) => server.once("error", failed).listen(port, "127.0.0.1", done));
  return { server, origin: `http://127.0.0.1:${server.address().port}` };
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const { origin } = await serve(Number(argv[2] ?? 8090));
  console.log(`start the server with: vws serve --allow-origin ${origin}`);
  console.log(`then open ${origin}/examples/three.html?session=ID or ${origin}/examples/aframe.html?session=ID`);
}
