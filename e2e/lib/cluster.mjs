// Nodes over NATS, whose members can be killed and started again.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PAGE = process.env.VWS_PAGE ?? `${ROOT}dist`;
const PROGRAM = process.env.VWS_CLUSTER_BIN ?? `${ROOT}target/debug/vws-cluster`;
const VWS = process.env.VWS_BIN ?? `${ROOT}target/debug/vws`;

/** Starts three NATS servers and three nodes with the page. */
export async function startCluster() {
  const child = spawn(PROGRAM, ["--driven", "--", "--page", PAGE], {
    cwd: ROOT,
    env: { ...process.env, VWS_BIN: VWS },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error(`${PROGRAM} has ended: ${log}`);
    return value;
  };
  const origins = [];
  for (let line = await next(); line !== "ready"; line = await next()) origins.push(line.split(" ")[1]);
  /** Says what is to happen, and waits until it has. */
  const say = async (words) => {
    child.stdin.write(`${words}\n`);
    const answer = await next();
    if (answer !== "done") throw new Error(`${words}: ${answer}`);
  };
  const gone = new Set();
  const kill = (name) => {
    gone.add(name);
    return say(`kill ${name}`);
  };
  const start = async (name) => {
    await say(`start ${name}`);
    gone.delete(name);
  };
  return {
    /** Where each node is. */
    origins,
    kill,
    start,
    /** Starts what a test has left killed, and waits until every member is well. */
    async mend() {
      await Promise.all([...gone].map(start));
      await say("well");
    },
    async stop() {
      const exited = once(child, "exit");
      child.stdin.end();
      await exited;
    },
  };
}
