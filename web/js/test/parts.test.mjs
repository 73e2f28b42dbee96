// What makes the bundle small leaves what is run as it was.

import assert from "node:assert/strict";
import { test } from "node:test";
import { dropMethods } from "../methods.mjs";
import { minifyShader, withoutNever } from "../shader.mjs";

test("methods that nothing names but they themselves are left out, and those that a called one names stay", () => {
  const source = [
    "class Thing {",
    "\tconstructor() {\n\t\tthis.begin();\n\t}\n",
    "\tbegin() {\n\t\treturn this.step();\n\t}\n",
    "\tstep() {\n\t\treturn 1;\n\t}\n",
    "\tidle() {\n\t\treturn this.never();\n\t}\n",
    "\tnever() {\n\t\treturn this.idle();\n\t}\n",
    "\tasked( a, b ) {\n\t\treturn a + b;\n\t}\n",
    "\tget size() {\n\t\treturn 3;\n\t}\n",
    "\t// idle() in words is no call\n",
    "}",
  ].join("\n");
  const slim = dropMethods(new Map([["thing.js", source]]), ["thing.asked(1, 2); /* never */"]).get("thing.js") ?? "";
  const made = new (new Function(`return ${slim}`)())();
  assert.equal(made.begin(), 1);
  assert.equal(made.asked(1, 2), 3);
  assert.equal(made.size, 3, "what is read without a call stays");
  assert.equal(made.idle, undefined);
  assert.equal(made.never, undefined);
});

test("a shader keeps its lines for the preprocessor, and the spaces that three.js searches for", () => {
  const shader = `
    // a word
    #if ( NUM_POINT_LIGHTS > 0 ) /* two
      lines */
      uniform vec3 a ;
    #endif
    #include <common>
    void main() {
      float x = a . x * 2.0 ; // half
      if ( x - - 1.0 > 0.0 ) { gl_FragColor = vec4( x, 0.0, 0.0, 1.0 ); }
    }`;
  assert.deepEqual(minifyShader(shader).split("\n"), [
    "#if ( NUM_POINT_LIGHTS > 0 )",
    "uniform vec3 a;",
    "#endif",
    "#include <common>",
    "void main() {",
    "float x=a . x*2.0;",
    "if(x - - 1.0>0.0) { gl_FragColor=vec4(x,0.0,0.0,1.0);}",
    "}",
  ]);
});

test("what stands in a shader under a condition that cannot hold is left out, and nothing else", () => {
  const never = new Set(["USE_FOG", "NUM_SPOT_LIGHTS"]);
  const shader = [
    "#ifdef USE_FOG", "fog", "#ifdef USE_MAP", "fog of a map", "#endif", "#else", "clear", "#endif",
    "#ifndef USE_FOG", "clear too", "#endif",
    "#if NUM_SPOT_LIGHTS > 0 && defined( USE_MAP )", "spot", "#elif defined( USE_MAP )", "map", "#else", "none", "#endif",
    "#if NUM_SPOT_LIGHTS > 0 || NUM_POINT_LIGHTS > 0", "some light", "#endif",
    "#if ! defined( USE_FOG )", "not told", "#endif",
  ].join("\n");
  assert.deepEqual(withoutNever(shader, never).split("\n"), [
    "clear",
    "clear too",
    "#if defined( USE_MAP )", "map", "#else", "none", "#endif",
    "#if NUM_SPOT_LIGHTS > 0 || NUM_POINT_LIGHTS > 0", "some light", "#endif",
    "#if ! defined( USE_FOG )", "not told", "#endif",
  ]);
  assert.throws(() => withoutNever("#ifdef A", never), /not closed/);
});
