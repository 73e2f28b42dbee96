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
