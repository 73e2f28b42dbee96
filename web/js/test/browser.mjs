// Real Chromium on a bare page that holds nothing but the built viewport.

import { createServer } from "node:http";
import { readFile, readdir } from "node:fs/promises";
import { chromium } from "playwright-core";

const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--use-gl=angle",
  "--use-angle=swiftshader",
  "--enable-unsafe-swiftshader",
];

const PAGE = `<!doctype html><meta charset="utf-8"><title>viewport harness</title><link rel="icon" href="data:,">
<style>html,body{margin:0;height:100%}#view{position:absolute;inset:0;overflow:hidden}</style>
<div id="view"></div>`;

// What the server sends with the real page, so that a violation fails here first.
const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; " +
  "connect-src 'self'; object-src 'none'; base-uri 'none'";

/** The page's own address answers the harness, the bundle, and what a test adds. */
async function serve(extra) {
  const read = async (path) => ["text/javascript", await readFile(new URL(`../dist/${path}`, import.meta.url))];
  const files = { "/": ["text/html", PAGE], "/viewport.js": await read("viewport.js"), ...extra };
  for (const name of await readdir(new URL("../dist/lazy/", import.meta.url))) files[`/lazy/${name}`] ??= await read(`lazy/${name}`);
  const server = createServer((request, response) => {
    const [type, body] = files[new URL(request.url, "http://x").pathname] ?? [];
    if (!type) return void response.writeHead(404).end();
    response.writeHead(200, { "content-type": type, "cache-control": "no-store", "content-security-policy": CSP }).end(body);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

/**
 * Starts a browser and a server; `page()` opens a fresh page of the given size.
 * @param {Record<string, [string, string | Buffer]>} [extra] more files of the server, by path
 */
export async function start(extra = {}) {
  const server = await serve(extra);
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  const browser = await chromium.launch({ executablePath, args: FLAGS, ignoreDefaultArgs: ["--headless"] });
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    async page({ width = 320, height = 240, options = {}, ...context } = {}) {
      const page = await browser.newPage({ viewport: { width, height }, ...context });
      page.errors = [];
      page.on("pageerror", (error) => page.errors.push(String(error)));
      page.on("console", (message) => message.type() === "error" && page.errors.push(message.text()));
      await page.goto(origin);
      await page.evaluate(boot, options);
      return page;
    },
    async stop() {
      await browser.close();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Runs in the page: makes window.vp and the helpers that tests use. */
async function boot(options) {
  const module = await import("/viewport.js");
  const { Viewport, STRIDE } = module;
  window.module = module;
  window.calls = [];
  const log = (name) => (...args) => window.calls.push([name, ...args]);
  const names = ["onSelect", "onCamera", "onHover", "onPoint", "onPeer", "onModelError", "onTransform", "onBox", "onBoxArmed", "onFly", "onContextLost", "onContextRestored"];
  window.vp = new Viewport(document.getElementById("view"), Object.fromEntries(names.map((n) => [n, log(n)])), options);
  const KINDS = ["cube", "sphere", "cylinder", "cone", "plane", "torus", "light", "text", "model", "custom"];
  window.rec = (slot, kind, at, { rotation = [0, 0, 0], scale = [1, 1, 1], color = [1, 0, 0], opacity = 1, visible = 1 } = {}) => [
    slot, KINDS.indexOf(kind), ...at, ...rotation, ...scale, ...color, opacity, visible,
  ];
  window.gone = (slot) => [slot, -1, ...Array(STRIDE - 2).fill(0)];
  window.put = (...records) => window.vp.apply(new Float32Array(records.flat()));
  window.idle = async () => {
    for (let still = 0, frames = -1; still < 3; ) {
      await new Promise((done) => requestAnimationFrame(done));
      const now = window.vp.stats().frames;
      still = now === frames ? still + 1 : 0;
      frames = now;
    }
  };
  // The pixels of the view as it is now, its marks included: [r, g, b] at CSS pixel x, y.
  window.shot = async (marks = true) => {
    const bitmap = await createImageBitmap(await window.vp.screenshot(1, marks));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.drawImage(bitmap, 0, 0);
    const { data, width, height } = context.getImageData(0, 0, bitmap.width, bitmap.height);
    return { data, width, height, at: (x, y) => [...data.subarray((Math.round(y) * width + Math.round(x)) * 4, (Math.round(y) * width + Math.round(x)) * 4 + 3)] };
  };
  await window.idle();
}
