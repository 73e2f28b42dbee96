// GLSL with less in it that no compiler reads.

/**
 * Takes comments, indentation and spaces beside operators away. Lines stay lines, since those of the preprocessor and
 * three.js' own `#include`s have to begin one, and so do spaces beside braces, which both are searched for by.
 * @param {string} shader
 * @returns {string}
 */
export function minifyShader(shader) {
  return shader
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/\/\/.*$/gm, "")
    .split("\n")
    .map((line) => line.trim().replace(/[ \t]+/g, " "))
    .map((line) => (line.startsWith("#") ? line : line.replace(/ ?([(),;=*/<>?:&|!]) ?/g, "$1").replace(/\)\{/g, ") {")))
    .filter((line) => line !== "")
    .join("\n");
}

/**
 * Whether a condition of the preprocessor cannot hold, whatever holds that is not in `never`. Conditions with a
 * negation are never told.
 * @param {string} condition
 * @param {Set<string>} never names that are not defined, and numbers that are 0
 */
function isFalse(condition, never) {
  if (condition.includes("!")) return false;
  const known = condition
    .replace(/defined\s*\(\s*(\w+)\s*\)/g, (_, name) => (never.has(name) ? "false" : "true"))
    .replace(/(\w+)\s*(?:<|>|==)\s*(\w+)/g, (comparison, name) => (never.has(name) && /> *0$/.test(comparison) ? "false" : "true"));
  if (!/^(?:true|false|&&|\|\||[()\s])+$/.test(known)) return false;
  return !new Function(`return ${known}`)();
}

/**
 * Takes out of a shader what stands under conditions that cannot hold.
 * @param {string} shader as minifyShader leaves it
 * @param {Set<string>} never
 * @returns {string}
 */
export function withoutNever(shader, never) {
  /** @type {string[]} */
  const lines = [];
  /** Each open condition: whether its lines are dropped now, and whether the directive itself is gone. */
  const open = [];
  const dropped = () => open.some(({ drops }) => drops);
  for (const line of shader.split("\n")) {
    const [, word, rest = ""] = /^# ?(ifdef|ifndef|if|elif|else|endif)\b ?(.*)$/.exec(line) ?? [];
    const inside = open.at(-1);
    if (word === undefined) {
      if (!dropped()) lines.push(line);
    } else if (word === "ifdef" || word === "ifndef" || word === "if") {
      const condition = rest.replace(/\/\/.*$/, "").trim();
      const name = condition.split(" ")[0];
      const gone = word === "if" ? isFalse(condition, never) : never.has(name);
      if (!gone && !dropped()) lines.push(line);
      // What is under #ifndef of a name that is never defined stays, without its condition.
      open.push({ gone, drops: gone && word !== "ifndef", first: gone && word !== "ifndef" });
    } else if (word === "endif") {
      open.pop();
      if (!inside.gone && !dropped()) lines.push(line);
    } else if (!inside.gone) {
      if (!dropped()) lines.push(line);
    } else if (inside.first && word === "elif") {
      // The next branch of a chain becomes its first.
      Object.assign(inside, { gone: false, drops: false, first: false });
      if (!dropped()) lines.push(`#if ${rest}`);
    } else {
      // The other branch of a condition that is decided.
      inside.drops = !inside.drops;
    }
  }
  if (open.length > 0) throw new Error("a condition of a shader is not closed");
  return lines.join("\n");
}
