// Joins the page's style sheets into one file, and its small scripts into another, each without what no browser reads:
// sixteen sheets that are compressed one by one weigh nearly twice what one does.
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { transformSync } from "esbuild";

/** Digits of the hash in a name by which the server knows that the file never changes. */
const HASH_DIGITS = 16;

/** What is joined: the elements that name a file, as trunk writes them, and the one that takes their place. */
const KINDS = [
  {
    loader: "css",
    element: /[ \t]*<link rel="stylesheet" href="\/([^"]+\.css)"( integrity="[^"]*")?\s*\/?>\n?/g,
    joined: (path, integrity) => `    <link rel="stylesheet" href="/${path}" integrity="${integrity}">\n`,
  },
  {
    loader: "js",
    element: /[ \t]*<script src="\/([^"]+\.js)" defer( integrity="[^"]*")?><\/script>\n?/g,
    joined: (path, integrity) => `    <script src="/${path}" defer integrity="${integrity}"></script>\n`,
  },
];

/**
 * Joins the files of each kind in the order in which the page names them.
 * @param {string} page the folder of the page
 */
export function joinFiles(page) {
  const index = join(page, "index.html");
  let html = readFileSync(index, "utf8");
  for (const { loader, element, joined } of KINDS) {
    const names = [...html.matchAll(element)].map(([, name]) => name);
    if (names.length < 2) throw new Error(`${index} names ${names.length} files of ${loader}: trunk writes them in another way now`);
    const sources = names.map((name) => readFileSync(join(page, name), "utf8"));
    // Scripts keep to themselves, as those of different files do.
    const whole = sources.map((source) => (loader === "js" ? `{\n${source}\n}` : source)).join("\n");
    const { code } = transformSync(whole, { loader, minify: true });
    const path = `page-${createHash("sha256").update(code).digest("hex").slice(0, HASH_DIGITS)}.${loader}`;
    for (const name of names) rmSync(join(page, name));
    writeFileSync(join(page, path), code);
    const integrity = `sha384-${createHash("sha384").update(code).digest("base64")}`;
    let done = false;
    html = html.replace(element, () => {
      if (done) return "";
      done = true;
      return joined(path, integrity);
    });
  }
  writeFileSync(index, html);
}
