// The compass in the corner: which way the axes point, and a click to look along one of them. Plain DOM, so
// that it is sharp, reachable by keyboard, and absent from screenshots.

import { Vector3 } from "three";

const SIZE = 88;
const REACH = 31;
const DOT = 20;
const SVG = "http://www.w3.org/2000/svg";

/** @type {{name: string, axis: number, sign: number}[]} */
const ENDS = [0, 1, 2].flatMap((axis) => [1, -1].map((sign) => ({ name: `${sign < 0 ? "−" : ""}${"XYZ"[axis]}`, axis, sign })));

/** Six buttons that turn with the camera. */
export class Gizmo {
  /**
   * @param {HTMLElement} container of the view; positioned
   * @param {(from: number[]) => void} look a unit vector from the target towards where the user wants to be
   */
  constructor(container, look) {
    this.root = document.createElement("div");
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", "View direction");
    const box = { position: "absolute", top: "12px", right: "12px", width: `${SIZE}px`, height: `${SIZE}px` };
    Object.assign(this.root.style, box, { pointerEvents: "none", font: "600 11px/1 ui-sans-serif, system-ui, sans-serif" });
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `${-SIZE / 2} ${-SIZE / 2} ${SIZE} ${SIZE}`);
    svg.setAttribute("aria-hidden", "true");
    Object.assign(svg.style, { position: "absolute", inset: "0" });
    this.root.append(svg);
    this.lines = [0, 1, 2].map(() => {
      const line = document.createElementNS(SVG, "line");
      line.setAttribute("stroke-width", "2");
      line.setAttribute("stroke-linecap", "round");
      svg.append(line);
      return line;
    });
    this.dots = ENDS.map((end) => {
      const dot = makeDot(end);
      dot.addEventListener("click", () => look([0, 1, 2].map((k) => (k === end.axis ? end.sign : 0))));
      this.root.append(dot);
      return dot;
    });
    this.point = new Vector3();
    container.append(this.root);
  }

  /** @param {import("./theme.js").Theme} theme */
  setTheme(theme) {
    const css = (/** @type {number[]} */ c) => `rgb(${c.map((v) => Math.round(v * 255)).join(" ")})`;
    for (const [axis, line] of this.lines.entries()) line.setAttribute("stroke", css(theme.axes[axis]));
    for (const [i, dot] of this.dots.entries()) {
      const color = css(theme.axes[ENDS[i].axis]);
      const solid = ENDS[i].sign > 0;
      dot.style.background = solid ? color : css(theme.skyBottom);
      dot.style.borderColor = color;
      dot.style.color = solid ? (theme.dark ? "#10141c" : "#ffffff") : color;
    }
  }

  /** @param {import("three").Camera} camera */
  update(camera) {
    for (const [i, dot] of this.dots.entries()) {
      const { axis, sign } = ENDS[i];
      const { point } = this;
      point.set(0, 0, 0).setComponent(axis, sign).transformDirection(camera.matrixWorldInverse);
      const x = point.x * REACH;
      const y = -point.y * REACH;
      dot.style.transform = `translate(${x.toFixed(1)}px, ${y.toFixed(1)}px)`;
      dot.style.zIndex = String(10 + Math.round(point.z * 9));
      dot.style.opacity = (0.78 + 0.22 * point.z).toFixed(2);
      if (sign > 0) {
        const line = this.lines[axis];
        line.setAttribute("x2", x.toFixed(1));
        line.setAttribute("y2", y.toFixed(1));
      }
    }
  }

  dispose() {
    this.root.remove();
  }
}

/** @param {{name: string, sign: number}} end */
function makeDot({ name, sign }) {
  const dot = document.createElement("button");
  dot.type = "button";
  dot.title = `Look from ${name}`;
  dot.setAttribute("aria-label", dot.title);
  dot.textContent = sign > 0 ? name : "";
  const size = sign > 0 ? DOT : DOT - 6;
  const corner = `${(SIZE - size) / 2}px`;
  Object.assign(dot.style, {
    position: "absolute",
    left: corner,
    top: corner,
    width: `${size}px`,
    height: `${size}px`,
    padding: "0",
    border: "2px solid",
    borderRadius: "50%",
    font: "inherit",
    cursor: "pointer",
    pointerEvents: "auto",
  });
  return dot;
}
