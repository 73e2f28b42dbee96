// The smallest useful glTF file: a quad in the xy plane, 2 units wide, green by an image inside the file.

/** 2 × 2 pixels of #00ff00. */
const GREEN_PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR42mNk+M/AwMDAxMDAwMDAAAAMHgEDBl8ppAAAAABJRU5ErkJggg==",
  "base64",
);

/** @returns {Buffer} a .glb */
export function greenQuad() {
  const positions = new Float32Array([-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, 1, 0]);
  const normals = new Float32Array([0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1]);
  const uvs = new Float32Array([0, 0, 1, 0, 1, 1, 0, 1]);
  const indices = new Uint16Array([0, 1, 2, 0, 2, 3]);
  const bin = Buffer.concat([...[positions, normals, uvs, indices].map((a) => Buffer.from(a.buffer)), GREEN_PNG]);
  const view = (byteOffset, byteLength) => ({ buffer: 0, byteOffset, byteLength });
  const json = {
    asset: { version: "2.0" },
    scene: 0,
    scenes: [{ nodes: [0] }],
    // The node's own move must end up in the drawn geometry.
    nodes: [{ mesh: 0, translation: [0, 0, 0.5] }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0, NORMAL: 1, TEXCOORD_0: 2 }, indices: 3, material: 0 }] }],
    materials: [{ pbrMetallicRoughness: { baseColorTexture: { index: 0 }, metallicFactor: 0 }, doubleSided: true }],
    buffers: [{ byteLength: bin.length }],
    bufferViews: [view(0, 48), view(48, 48), view(96, 32), view(128, 12), view(140, GREEN_PNG.length)],
    images: [{ bufferView: 4, mimeType: "image/png" }],
    textures: [{ source: 0 }],
    accessors: [
      { bufferView: 0, componentType: 5126, count: 4, type: "VEC3", min: [-1, -1, 0], max: [1, 1, 0] },
      { bufferView: 1, componentType: 5126, count: 4, type: "VEC3" },
      { bufferView: 2, componentType: 5126, count: 4, type: "VEC2" },
      { bufferView: 3, componentType: 5123, count: 6, type: "SCALAR" },
    ],
  };
  const text = JSON.stringify(json);
  const chunk = (type, body, pad) => {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4, pad)]);
    const head = Buffer.alloc(8);
    head.writeUInt32LE(padded.length, 0);
    head.writeUInt32LE(type, 4);
    return Buffer.concat([head, padded]);
  };
  const chunks = Buffer.concat([chunk(0x4e4f534a, Buffer.from(text), 0x20), chunk(0x004e4942, bin, 0)]);
  const head = Buffer.alloc(12);
  head.write("glTF", 0, "latin1");
  head.writeUInt32LE(2, 4);
  head.writeUInt32LE(12 + chunks.length, 8);
  return Buffer.concat([head, chunks]);
}
