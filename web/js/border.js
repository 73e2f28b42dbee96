// The borders of the world, shown where a dragged object has come up against them.

import { BoxGeometry, Color, DoubleSide, Group, Mesh, MeshBasicMaterial, PlaneGeometry, SRGBColorSpace } from "three";
import { ORDER } from "./stage.js";
import { BOUNDS } from "./transforms.js";

const FILL = 0.16;
const EDGE = 0.06;

/** Six walls, each seen only while it is reached. */
export class Border {
  constructor() {
    this.root = new Group();
    this.fill = new MeshBasicMaterial({ transparent: true, opacity: FILL, side: DoubleSide, depthWrite: false, toneMapped: false });
    this.edge = new MeshBasicMaterial({ transparent: true, opacity: 0.9, toneMapped: false });
    const side = 2 * BOUNDS.position;
    this.plane = new PlaneGeometry(side, side);
    this.bar = new BoxGeometry(side, EDGE, EDGE);
    this.walls = Array.from({ length: 6 }, (_, i) => this.#wall(i >> 1, i % 2 === 0 ? -1 : 1));
    this.root.add(...this.walls);
  }

  /**
   * @param {boolean[]} reached −x, +x, −y, +y, −z, +z
   * @returns {boolean} whether that is a change
   */
  show(reached) {
    const changed = this.walls.some((wall, i) => wall.visible !== reached[i]);
    for (const [i, wall] of this.walls.entries()) wall.visible = reached[i];
    return changed;
  }

  hide() {
    return this.show([false, false, false, false, false, false]);
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    const [r, g, b] = theme.accent;
    const color = new Color().setRGB(r, g, b, SRGBColorSpace);
    this.fill.color.copy(color);
    this.edge.color.copy(color);
  }

  dispose() {
    for (const part of [this.fill, this.edge, this.plane, this.bar]) part.dispose();
  }

  /**
   * @param {number} axis
   * @param {number} sign
   */
  #wall(axis, sign) {
    const wall = new Group();
    const face = new Mesh(this.plane, this.fill);
    face.renderOrder = ORDER.lines;
    wall.add(face);
    for (let i = 0; i < 4; i++) {
      const bar = new Mesh(this.bar, this.edge);
      bar.renderOrder = ORDER.lines;
      const off = (i < 2 ? -1 : 1) * BOUNDS.position;
      if (i % 2 === 0) bar.position.y = off;
      else {
        bar.position.x = off;
        bar.rotation.z = Math.PI / 2;
      }
      wall.add(bar);
    }
    if (axis === 0) wall.rotation.y = Math.PI / 2;
    if (axis === 1) wall.rotation.x = Math.PI / 2;
    wall.position.setComponent(axis, sign * BOUNDS.position);
    wall.visible = false;
    return wall;
  }
}
