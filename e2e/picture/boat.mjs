// A sailing boat as a glTF file that is small enough to travel inside a property, as a `data:` address.

/** Corners in metres: bow to +x, sails up. */
const CORNERS = [
  // The hull's upper edge, then its keel.
  [-1.4, 0.5, -0.5], [-1.4, 0.5, 0.5], [0.3, 0.5, -0.6], [0.3, 0.5, 0.6], [1.75, 0.7, 0],
  [-1.2, -0.25, -0.28], [-1.2, -0.25, 0.28], [0.3, -0.25, -0.35], [0.3, -0.25, 0.35], [1.3, -0.2, 0],
  // The mast.
  [0.16, 0.4, -0.05], [0.26, 0.4, -0.05], [0.21, 0.4, 0.05], [0.21, 3.6, 0],
  // Mainsail and jib, each with a belly.
  [0.12, 0.9, 0], [0.17, 3.4, 0], [-1.35, 0.95, 0.3], [-0.6, 1.5, 0.42],
  [0.3, 0.95, 0], [0.25, 2.9, 0], [1.6, 0.9, 0.05], [0.75, 1.45, 0.3],
];

/** Triangles of each part. Every one is seen from both sides, so their turn does not matter. */
const PARTS = {
  hull: [0, 1, 6, 0, 6, 5, 0, 2, 7, 0, 7, 5, 2, 4, 9, 2, 9, 7, 1, 3, 8, 1, 8, 6, 3, 4, 9, 3, 9, 8],
  deck: [0, 1, 3, 0, 3, 2, 2, 3, 4, 10, 11, 13, 11, 12, 13, 12, 10, 13],
  sail: [14, 15, 17, 15, 16, 17, 16, 14, 17, 18, 19, 21, 19, 20, 21, 20, 18, 21],
};

/**
 * A boat as an address.
 * @param {{hull: string, sail: string}} colors `#rrggbb`
 */
export function boat({ hull, sail }) {
  const colors = { hull, deck: "#b98a55", sail };
  const names = Object.keys(PARTS);
  const positions = Buffer.from(new Float32Array(CORNERS.flat()).buffer);
  const indices = Buffer.from(Object.values(PARTS).flat());
  const axis = (n, pick) => pick(...CORNERS.map((corner) => corner[n]));
  let at = 0;
  const json = {
    asset: { version: "2.0" },
    scenes: [{ nodes: [0] }],
    scene: 0,
    nodes: [{ mesh: 0 }],
    meshes: [{ primitives: names.map((_, i) => ({ attributes: { POSITION: 0 }, indices: i + 1, material: i })) }],
    materials: names.map((name) => ({
      doubleSided: true,
      pbrMetallicRoughness: { baseColorFactor: [...linear(colors[name]), 1], metallicFactor: 0, roughnessFactor: 0.8 },
    })),
    buffers: [{ byteLength: positions.length + indices.length }],
    bufferViews: [
      { buffer: 0, byteOffset: 0, byteLength: positions.length },
      { buffer: 0, byteOffset: positions.length, byteLength: indices.length },
    ],
    accessors: [
      {
        bufferView: 0,
        componentType: 5126,
        count: CORNERS.length,
        type: "VEC3",
        min: [0, 1, 2].map((n) => axis(n, Math.min)),
        max: [0, 1, 2].map((n) => axis(n, Math.max)),
      },
      ...names.map((name) => {
        const byteOffset = at;
        at += PARTS[name].length;
        return { bufferView: 1, byteOffset, componentType: 5121, count: PARTS[name].length, type: "SCALAR" };
      }),
    ],
  };
  return `data:model/gltf-binary;base64,${glb(json, Buffer.concat([positions, indices])).toString("base64")}`;
}

/** The three floats that glTF wants for a colour of the screen. */
function linear(hex) {
  const channels = [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16) / 255);
  return channels.map((c) => Number((c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4).toFixed(4)));
}

/** The container of glTF 2.0 §4.4: a head and two chunks, each padded to four bytes. */
function glb(json, bin) {
  const chunk = (type, body, pad) => {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4, pad)]);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(padded.length, 0);
    head.writeUInt32LE(type, 4);
    return Buffer.concat([head, padded]);
  };
  const chunks = Buffer.concat([chunk(0x4e4f534a, Buffer.from(JSON.stringify(json)), 0x20), chunk(0x004e4942, bin, 0)]);
  const head = Buffer.alloc(12);
  head.write("glTF", 0, "latin1");
  head.writeUInt32LE(2, 4);
  head.writeUInt32LE(12 + chunks.length, 8);
  return Buffer.concat([head, chunks]);
}
