// The colours of the style sheet's tokens, by arithmetic.
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { test } from "node:test";

const STYLE = new URL("../web/style/", import.meta.url);
const CSS = await readFile(new URL("tokens.css", STYLE), "utf8");
const THEMES = ["light", "dark"];

/** Every token that is a pair of opaque colours, or one: by name, light and dark. */
const TOKENS = Object.fromEntries(
  [...CSS.matchAll(/--([\w-]+):\s*(?:light-dark\((#[\da-f]{6}),\s*(#[\da-f]{6})\)|(#[\da-f]{6}));/g)].map(
    ([, name, light, dark, both]) => [name, [light ?? both, dark ?? both]],
  ),
);

const GROUNDS = ["ground", "surface", "raised", "hover", "accent-soft", "good-soft", "warn-soft", "bad-soft"];
const TEXTS = ["text", "text-soft", "accent", "good", "warn", "bad", "axis-x", "axis-y", "axis-z"];
/** Texts that stand on one ground alone. */
const PAIRS = [["accent-text", "accent"], ["accent-text", "accent-hover"], ["bad-text", "bad-fill"]];
/** Lines that say where a field is, or that mean something themselves. */
const MARKS = ["line-strong", "accent", "good", "warn", "bad"];

/** WCAG 2.2: relative luminance. */
function luminance(hex) {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a, b) {
  const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

/** The pairs that are too close to each other. */
function tooClose(pairs, least) {
  return pairs.flatMap(([front, back]) =>
    THEMES.flatMap((theme, index) => {
      assert.ok(TOKENS[front] && TOKENS[back], `${front} and ${back} are tokens`);
      const found = contrast(TOKENS[front][index], TOKENS[back][index]);
      return found >= least ? [] : [`${theme}: ${front} on ${back} has ${found.toFixed(2)}`];
    }),
  );
}

const each = (fronts) => fronts.flatMap((front) => GROUNDS.map((ground) => [front, ground]));

test("WEB60: every colour of text has a contrast of 4.5 or more on every ground, in both themes", () => {
  assert.equal(contrast("#000000", "#ffffff"), 21);
  assert.deepEqual(tooClose([...each(TEXTS), ...PAIRS], 4.5), []);
});

test("WEB60: lines that mean something have a contrast of 3 or more on every ground, in both themes", () => {
  assert.deepEqual(tooClose(each(MARKS), 3), []);
});

test("WEB60: no other sheet names a colour of its own", async () => {
  const sheets = (await readdir(STYLE)).filter((name) => name.endsWith(".css") && name !== "tokens.css");
  assert.ok(sheets.length > 5, sheets.join());
  for (const sheet of sheets) {
    const css = await readFile(new URL(sheet, STYLE), "utf8");
    assert.deepEqual(css.match(/#[\da-f]{3,8}\b|\brgba?\(|\bhsla?\(/gi) ?? [], [], sheet);
  }
});
