// The mark on the floor where something that is dragged over the view would come to lie.

import { CircleGeometry, Color, DoubleSide, Group, Mesh, MeshBasicMaterial, Raycaster, RingGeometry, SRGBColorSpace, Vector2 } from "three";
import { landingOf } from "./floor.js";
import { ORDER } from "./stage.js";

const RADIUS = 0.7;
const WIDTH = 0.1;

/** The mark, seen only while something is dragged over the view. */
export class Landing {
  constructor() {
    this.root = new Group();
    this.raycaster = new Raycaster();
    const look = { transparent: true, side: DoubleSide, depthTest: false, depthWrite: false, toneMapped: false };
    this.line = new MeshBasicMaterial({ ...look, opacity: 0.95 });
    this.fill = new MeshBasicMaterial({ ...look, opacity: 0.25 });
    this.parts = [
      new Mesh(new RingGeometry(RADIUS - WIDTH, RADIUS, 48), this.line),
      new Mesh(new CircleGeometry(RADIUS - WIDTH, 48), this.fill),
      new Mesh(new CircleGeometry(WIDTH, 24), this.line),
    ];
    for (const part of this.parts) {
      part.geometry.rotateX(-Math.PI / 2);
      part.renderOrder = ORDER.lines;
    }
    this.root.add(...this.parts);
    this.root.visible = false;
  }

  /**
   * Shows the mark where a point of the view comes to the floor.
   * @param {import("three").PerspectiveCamera} camera
   * @param {number} x -1..1 from left to right
   * @param {number} y -1..1 from bottom to top
   */
  show(camera, x, y) {
    this.raycaster.setFromCamera(new Vector2(x, y), camera);
    const { origin, direction } = this.raycaster.ray;
    const at = landingOf(origin, direction);
    this.root.position.set(...at);
    this.root.visible = true;
    return at;
  }

  /** @returns {boolean} whether that is a change */
  hide() {
    const was = this.root.visible;
    this.root.visible = false;
    return was;
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    const [r, g, b] = theme.accent;
    const color = new Color().setRGB(r, g, b, SRGBColorSpace);
    this.line.color.copy(color);
    this.fill.color.copy(color);
  }

  dispose() {
    for (const part of this.parts) part.geometry.dispose();
    this.line.dispose();
    this.fill.dispose();
  }
}
