// Objects to look at.
const TYPES = ["cube", "sphere", "cylinder", "cone", "torus"];

/** The name of the n-th object. The program that sends changes knows it too (`vws-bench drive`). */
export const nameOf = (n) => `o${String(n).padStart(5, "0")}`;

/** Makes `count` objects in a block, in batches of a thousand. */
export async function fill(requests, id, count) {
  for (let start = 0; start < count; start += 1_000) {
    const commands = Array.from({ length: Math.min(1_000, count - start) }, (_, i) => {
      const n = start + i;
      const [x, y, z] = [n % 22, Math.floor(n / 22) % 22, Math.floor(n / 484)].map((v) => v - 10.5);
      const color = `#30${(60 + 8 * (n % 22)).toString(16)}a0`;
      return { type: "create_object", object: { name: nameOf(n), type: TYPES[n % 5], x, y, z, scale: 0.5, color } };
    });
    await requests.command(id, { type: "batch", commands });
  }
}
