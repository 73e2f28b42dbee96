// Looking at pictures: a browser decodes them, so that no package is needed for it.

/** Starts a looker, which has a blank page of its own to draw on. */
export async function startLooker(browser) {
  const page = await browser.open("about:blank");
  return {
    /**
     * What is in a PNG: how many colours, the count and centre of the pixels that are clearly magenta, and the count
     * of those that are clearly green, colours that nothing but a test's own object has.
     * @param {Buffer} png
     */
    look: (png) => page.evaluate(measure, png.toString("base64")),
  };
}

/** Runs in the browser. */
async function measure(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const colours = new Set();
  const magenta = { count: 0, x: 0, y: 0 };
  let green = 0;
  for (let i = 0; i < data.length; i += 4) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    if (g > 70 && g > 2 * r && g > 2 * b) green += 1;
    colours.add((r << 16) | (g << 8) | b);
    if (r > 90 && b > 90 && r > 2 * g && b > 2 * g) {
      magenta.count += 1;
      magenta.x += (i / 4) % image.width;
      magenta.y += Math.floor(i / 4 / image.width);
    }
  }
  return { colours: colours.size, green, magenta: { count: magenta.count, x: magenta.x / magenta.count, y: magenta.y / magenta.count } };
}
