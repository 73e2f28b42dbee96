// What every test file needs: a server, a browser, and both gone at the end.
import { after, before } from "node:test";
import { api } from "./api.mjs";
import { startBrowser } from "./browser.mjs";
import { startServer } from "./server.mjs";

/** Starts both before the file's tests. The fields are there once a test runs. */
export function stage(options) {
  const here = {};
  before(async () => {
    here.server = await startServer(options);
    here.api = api(here.server.origin);
    here.browser = await startBrowser();
  });
  after(async () => {
    await here.browser?.stop();
    await here.server?.stop();
  });
  return here;
}
