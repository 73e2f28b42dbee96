// A server that speaks HTTPS, with a certificate that openssl makes for the test. Which authorities Node.js believes is
// settled when it starts (NODE_EXTRA_CA_CERTS), so that the client is a process of its own.
import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { startWorld } from "./lib/world.mjs";

const CLIENT = `
import { connect, createSession, listSessions } from "@vws/client";
const url = process.argv[1];
const { session_id: id } = await createSession(url, { name: "Made" });
const [one, other] = await Promise.all([connect(url, id), connect(url, id, { encoding: "json" })]);
await one.submit({ type: "create_object", object: { name: "a", type: "cube", x: 1, y: 0, z: 0 } });
while (other.state.seq < 1) await new Promise((resolve) => other.on("change", resolve));
const listed = [];
for await (const session of listSessions(url)) listed.push(session.name);
console.log(JSON.stringify([listed, other.state.get("a").x]));
await Promise.all([one.close(), other.close()]);
`;

let folder;
let world;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "vws-tls-"));
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const self = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  const names = ["-subj", "/CN=vws", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  execFileSync("openssl", [...self, ...names, "-keyout", key, "-out", certificate], { stdio: "ignore" });
  world = await startWorld({ args: ["--tls-cert", certificate, "--tls-key", key] });
});
after(async () => {
  await world?.stop();
  await rm(folder, { recursive: true, force: true });
});

const client = (env) =>
  promisify(execFile)(process.execPath, ["--input-type=module", "-e", CLIENT, "--", world.origin], {
    cwd: new URL("..", import.meta.url),
    env: { ...process.env, ...env },
    timeout: 60_000,
  });

test("TLS10: the package mirrors a session over HTTPS", async () => {
  assert.match(world.origin, /^https:/);
  const { stdout } = await client({ NODE_EXTRA_CA_CERTS: join(folder, "certificate.pem") });
  assert.deepEqual(JSON.parse(stdout), [["Made"], 1]);
});

test("TLS10: a server that nobody has signed for is not spoken to", async () => {
  await assert.rejects(client({ NODE_EXTRA_CA_CERTS: "" }), (error) => {
    assert.match(error.stderr, /unreachable/);
    return true;
  });
});
