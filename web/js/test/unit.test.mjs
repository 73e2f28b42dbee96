// The parts that need neither a browser nor three.js.

import assert from "node:assert/strict";
import { test } from "node:test";
import { landingOf } from "../floor.js";
import { HALF, MAX_SIZE, gridLines } from "../gridlines.js";
import { LINE_CHARS, MAX_LINES, ShelfPacker, breakLines } from "../packing.js";
import { Pace } from "../pace.js";
import { Pool } from "../pool.js";
import { FIELD, MAX_SLOTS, STRIDE, checkRecords, composeMatrix, packRed, toLinear } from "../records.js";
import { Store } from "../store.js";

/** A small seeded generator, so that every run does the same. */
function random(seed) {
  return () => {
    seed = (seed * 1664525 + 1013904223) % 4294967296;
    return seed / 4294967296;
  };
}

function record(slot, { kind = 0, at = [0, 0, 0], rotation = [0, 0, 0], scale = [1, 1, 1], opacity = 1, visible = 1 } = {}) {
  return [slot, kind, ...at, ...rotation, ...scale, 1, 0.5, 0, opacity, visible];
}

test("a batch is refused whole when a record is malformed", () => {
  const good = record(3);
  assert.equal(good.length, STRIDE);
  checkRecords(new Float32Array([...good, ...record(0, { kind: -1 })]));
  const refused = (records, message) => assert.throws(() => checkRecords(new Float32Array(records)), { name: "RangeError", message });
  refused([...good, 1], /length 17 is not a multiple of 16/);
  refused([...good, ...record(-1)], /record 1: slot -1/);
  refused(record(1.5), /slot 1.5/);
  refused(record(NaN), /slot NaN/);
  refused(record(MAX_SLOTS), /slot 1048576/);
  checkRecords(new Float32Array(record(MAX_SLOTS - 1)));
  refused(record(0, { kind: 10 }), /kind 10/);
  refused(record(0, { kind: -2 }), /kind -2/);
});

test("a matrix moves, then turns about x, y, z, then scales", () => {
  const m = new Float32Array(16);
  const apply = ([x, y, z]) => [0, 1, 2].map((k) => m[k] * x + m[4 + k] * y + m[8 + k] * z + m[12 + k]);
  const near = (got, want) => got.forEach((v, k) => assert.ok(Math.abs(v - want[k]) < 1e-6, `${got} is not ${want}`));
  const compose = (options) => composeMatrix(m, 0, new Float32Array(record(0, options)), 0);
  compose({ at: [1, 2, 3], scale: [2, 3, 4] });
  near(apply([1, 1, 1]), [3, 5, 7]);
  compose({ rotation: [90, 0, 0] });
  near(apply([0, 1, 0]), [0, 0, 1]);
  compose({ rotation: [0, 90, 0] });
  near(apply([0, 0, 1]), [1, 0, 0]);
  compose({ rotation: [0, 0, 90] });
  near(apply([1, 0, 0]), [0, 1, 0]);
  // XYZ order: the z turn acts first on the point, the x turn last.
  compose({ rotation: [90, 0, 90] });
  near(apply([1, 0, 0]), [0, 0, 1]);
});

test("colours: sRGB becomes linear, and opacity survives being packed beside red", () => {
  assert.equal(toLinear(0), 0);
  assert.equal(toLinear(1), 1);
  assert.ok(Math.abs(toLinear(128 / 255) - 0.21586) < 1e-4);
  assert.equal(toLinear(NaN), 0);
  for (const red of [0, 0.25, 0.5, 1]) {
    for (let step = 0; step <= 255; step++) {
      const packed = Math.fround(packRed(red, step / 255));
      const opacity = Math.floor(packed / 2);
      assert.equal(opacity, step);
      assert.ok(Math.abs(packed - 2 * opacity - red) < 1e-4);
    }
  }
});

test("a pool equals a map under 20,000 random adds, removes and sorts", () => {
  const next = random(7);
  const pool = new Pool(4);
  const index = new Map();
  for (let i = 0; i < 20_000; i++) {
    const slot = Math.floor(next() * 300);
    if (next() < 0.01) {
      pool.sortBackToFront(0, 0, 1);
      for (let k = 0; k < pool.count; k++) index.set(pool.slots[k], k);
    } else if (index.has(slot)) {
      const at = index.get(slot);
      index.delete(slot);
      const moved = pool.removeAt(at);
      if (moved >= 0) index.set(moved, at);
    } else {
      const at = pool.add(slot);
      pool.matrices[at * 16 + 14] = slot % 50;
      pool.setTint(at, slot / 300, 0, 0, null);
      index.set(slot, at);
    }
  }
  assert.equal(pool.count, index.size);
  for (const [slot, at] of index) {
    assert.equal(pool.slots[at], slot);
    assert.equal(pool.matrices[at * 16 + 14], slot % 50);
    assert.equal(pool.tints[at * 3], Math.fround(toLinear(slot / 300)));
  }
  assert.ok(pool.capacity < 1024, `capacity ${pool.capacity}`);
});

test("a pool doubles, keeps what it holds, and tells that its arrays were replaced", () => {
  const pool = new Pool(2);
  for (let i = 0; i < 100_000; i++) {
    const at = pool.add(i);
    pool.matrices[at * 16] = i;
  }
  assert.equal(pool.capacity, 131_072);
  assert.equal(pool.generation, 16);
  assert.equal(pool.matrices[99_999 * 16], 99_999);
  assert.equal(pool.slots[54_321], 54_321);
  assert.deepEqual([pool.dirtyFrom, pool.dirtyTo], [0, 100_000]);
  pool.clean();
  pool.touch(17);
  pool.touch(5);
  assert.deepEqual([pool.dirtyFrom, pool.dirtyTo], [5, 18]);
});

test("blended instances are ordered from far to near", () => {
  const next = random(3);
  const pool = new Pool();
  for (let i = 0; i < 500; i++) pool.matrices[pool.add(i) * 16 + 12] = next() * 24 - 12;
  assert.equal(pool.sortBackToFront(1, 0, 0), true);
  const step = 24 / 4095;
  for (let i = 1; i < pool.count; i++) assert.ok(pool.matrices[i * 16 + 12] <= pool.matrices[(i - 1) * 16 + 12] + step);
  assert.equal(new Set(pool.slots.subarray(0, pool.count)).size, 500);
});

test("a store keeps the last record of each slot and shrinks its end", () => {
  const store = new Store(2);
  const put = (slot, options) => store.put(new Float32Array(record(slot, options)), 0);
  put(9, { at: [1, 2, 3], opacity: 0 });
  put(0);
  put(9, { at: [4, 5, 6], opacity: 0.5 });
  assert.equal(store.live, 2);
  assert.equal(store.end, 10);
  assert.equal(store.has(9), true);
  assert.equal(store.has(5), false);
  assert.equal(store.has(999_999), false);
  assert.equal(store.records[9 * STRIDE + FIELD.x], 4);
  assert.equal(store.shown(9), true);
  put(9, { visible: 0 });
  assert.equal(store.shown(9), false);
  store.drop(9);
  assert.equal(store.end, 1);
  store.clear();
  assert.deepEqual([store.live, store.end, store.has(0)], [0, 0, false]);
});

test("grid lines stand on positions, at every size", () => {
  for (let size = 1; size <= MAX_SIZE; size++) {
    const { start, steps, ticks } = gridLines(size);
    const [minor, middle, major] = steps;
    assert.ok(minor <= middle && middle <= major, `size ${size}: ${steps}`);
    assert.ok(ticks.length >= 1 && ticks.length <= 13, `size ${size}: ${ticks.length} ticks`);
    assert.ok(ticks.every((t, i) => Math.abs(t) <= HALF && Number.isInteger(2 * t) && (i === 0 || t > ticks[i - 1])), `size ${size}: ${ticks}`);
    if (size === 1) continue;
    assert.equal(start, -HALF);
    assert.ok(Math.abs(minor * (size - 1) - 2 * HALF) < 1e-9);
    for (const step of [middle, major]) assert.ok(Math.abs(step / minor - Math.round(step / minor)) < 1e-6);
  }
  assert.deepEqual(gridLines(25), { start: -12, steps: [1, 4, 4], ticks: [-12, -8, -4, 0, 4, 8, 12] });
  assert.deepEqual(gridLines(1).ticks, [0]);
  assert.deepEqual(gridLines(101).steps, [0.24, 1.2, 6]);
  assert.deepEqual(gridLines(1000).ticks, [-12, -6, 0, 6, 12]);
  for (const size of [0, 1001, 2.5, NaN]) assert.throws(() => gridLines(size), RangeError);
});

test("texts are broken into bounded lines without losing what fits", () => {
  assert.deepEqual(breakLines("cube1"), ["cube1"]);
  assert.deepEqual(breakLines(""), [""]);
  assert.deepEqual(breakLines("a\nb"), ["a", "b"]);
  const next = random(11);
  for (let i = 0; i < 300; i++) {
    const text = Array.from({ length: Math.floor(next() * 60) }, () => "世界e👋x ".charAt(Math.floor(next() * 7))).join("");
    const lines = breakLines(text);
    assert.ok(lines.length >= 1 && lines.length <= MAX_LINES);
    for (const line of lines) assert.ok([...line].length <= LINE_CHARS);
    assert.equal(lines.join("").replace(/\s/gu, ""), text.replace(/\s/gu, ""));
  }
  const cut = breakLines("x".repeat(LINE_CHARS * MAX_LINES + 1));
  assert.equal(cut.length, MAX_LINES);
  assert.ok(cut[MAX_LINES - 1].endsWith("…"));
});

test("the packer never overlaps and says when it is full", () => {
  const next = random(5);
  const packer = new ShelfPacker(256);
  const placed = [];
  for (let at = {}; at; ) {
    const [w, h] = [8 + Math.floor(next() * 60), 8 + Math.floor(next() * 20)];
    at = packer.place(w, h);
    if (at) placed.push({ ...at, w, h });
  }
  assert.ok(placed.length > 20, `${placed.length} placed`);
  for (const [i, a] of placed.entries()) {
    assert.ok(a.x + a.w <= 256 && a.y + a.h <= 256);
    for (const b of placed.slice(0, i)) assert.ok(a.x >= b.x + b.w || b.x >= a.x + a.w || a.y >= b.y + b.h || b.y >= a.y + a.h);
  }
  assert.equal(packer.place(257, 1), null);
});

test("WEB71: what is dropped lands on the floor within the world, wherever the pointer is", () => {
  const from = (o, d) => landingOf({ x: o[0], y: o[1], z: o[2] }, { x: d[0], y: d[1], z: d[2] });
  assert.deepEqual(from([3, 10, 5], [0, -1, 0]), [3, 0, 5]);
  assert.deepEqual(from([0, 10, 0], [0.6, -0.8, 0]), [7.5, 0, 0]);
  assert.deepEqual(from([0, -10, 0], [0, 0.8, 0.6]), [0, 0, 7.5], "from below as well");
  assert.deepEqual(from([0, 10, 20], [0, -0.1, -0.99]), [0, 0, -12], "behind the world's edge is at its edge");
  assert.deepEqual(from([0, 10, 20], [0, 0.1, -0.99]), [0, 0, -12], "above the horizon too");
  assert.deepEqual(from([0, 10, 20], [0.6, 0, -0.8]), [12, 0, -12], "and on it");
});

test("WEB89: shadows are given up where pictures come slowly, and tried again with half as many objects", () => {
  const pace = new Pace(false);
  let now = 0;
  const frames = (n, took, follows, count) => {
    for (let i = 0; i < n; i++) pace.frame((now += took), follows, count);
  };
  assert.deepEqual([pace.affords(5000), pace.affords(5001), new Pace(true).affords(200), new Pace(true).affords(201)], [true, false, true, false]);
  frames(100, 20, true, 900);
  frames(100, 5000, false, 900);
  assert.equal(pace.affords(900), true, "a pause between two pictures is no slow picture");
  frames(5, 200, true, 900);
  frames(1, 20, true, 900);
  frames(5, 200, true, 900);
  assert.equal(pace.affords(900), true, "nor is a stutter");
  frames(1, 200, true, 900);
  assert.deepEqual([pace.affords(900), pace.affords(451), pace.affords(450)], [false, false, true]);
  frames(100, 200, true, 900);
  assert.equal(pace.affords(450), true, "what is slow without shadows says nothing of them");
});
