// The real server, on a port of its own, for one test file.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** The built page; by the name under which the server itself knows it. */
const PAGE = process.env.VWS_PAGE ?? `${ROOT}dist`;
const PROGRAM = process.env.VWS_BIN ?? `${ROOT}target/debug/vws`;
/** A start takes milliseconds; this much is allowed on a machine that is busy with other things. */
const START_LIMIT_MS = 20_000;
/** The server promises to end within 5 s of being asked. */
const STOP_LIMIT_MS = 10_000;

/**
 * Starts `vws serve` and waits for its `listening on …`.
 * @param {{port?: number, data?: string, page?: string | null, args?: string[]}} [options] port 0 (the default) takes a free one;
 *   without a folder for data nothing is kept on disk
 */
export async function startServer({ port = 0, data, page = PAGE, args = [] } = {}) {
  const storage = data === undefined ? ["--ephemeral"] : ["--data", data];
  const child = spawn(
    PROGRAM,
    ["serve", "--listen", `127.0.0.1:${port}`, ...(page === null ? [] : ["--page", page]), ...storage, ...args],
    { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  child.stderr.setEncoding("utf8").on("data", (text) => (log += text));
  const origin = await listening(child, () => log);
  return {
    origin,
    port: Number(new URL(origin).port),
    /** What the server has logged so far. */
    log: () => log,
    /** Asks the server to end and waits for it; fails when it takes too long or ends badly. */
    stop: () => end(child, "SIGTERM", (code) => code === 0),
    /** Ends the server as a power cut would. */
    kill: () => end(child, "SIGKILL", () => true),
  };
}

/** Resolves with the address of the line that the server prints when it is ready. */
function listening(child, log) {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why) => {
      clearTimeout(timer);
      child.kill("SIGKILL");
      reject(new Error(`${PROGRAM} ${why}\n${output}${log()}`));
    };
    const timer = setTimeout(() => fail(`printed no address within ${START_LIMIT_MS} ms`), START_LIMIT_MS);
    child.once("error", (error) => fail(`cannot be started: ${error.message}`));
    child.once("exit", (code, signal) => fail(`ended at once (${code ?? signal})`));
    child.stdout.setEncoding("utf8").on("data", (text) => {
      output += text;
      const address = /listening on (https?:\/\/\S+)/.exec(output);
      if (!address) return;
      clearTimeout(timer);
      child.removeAllListeners("exit");
      resolve(address[1]);
    });
  });
}

async function end(child, signal, isGood) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit", { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
  child.kill(signal);
  try {
    const [code] = await exited;
    if (!isGood(code)) throw new Error(`the server ended with ${code} after ${signal}`);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}
