// Every kind of page as people have it before their eyes: light, dark, on a telephone. axe-core finds
// nothing serious; no page is wider than the screen.
import { readFileSync } from "node:fs";
import { at, check, faults, input, open, openSignedIn, picture, run } from "./lib.mjs";

const axe = readFileSync(new URL("./node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const LOOKS = [
  ["light", "light", 1400],
  ["dark", "dark", 1400],
  ["phone", "light", 390],
];

async function serious(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const found = await window.axe.run(document, { resultTypes: ["violations"] });
    return found.violations
      .filter((it) => ["serious", "critical"].includes(it.impact))
      .map((it) => `${it.id}: ${it.help}: ${it.nodes.slice(0, 3).map((node) => `${node.target} ${node.any?.[0]?.message ?? ""}`).join(" | ")}`);
  });
}

/** What sticks out, if the page is wider than the window. */
const tooWide = (page) =>
  page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= width) return [];
    const out = [...document.querySelectorAll("body *")].filter((it) => it.getBoundingClientRect().right > width + 1);
    return [`${document.documentElement.scrollWidth} > ${width}`, ...out.slice(0, 5).map((it) => `${it.tagName}.${it.className}#${it.id}`)];
  });

async function look(page, name, path) {
  if (path) await page.goto(at(path));
  const title = await page.title();
  for (const [word, colorScheme, width] of LOOKS) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.setViewportSize({ width, height: 900 });
    const found = await serious(page);
    check(`${name}, ${word}: axe-core finds nothing serious`, found.length === 0, found.join("\n"));
    const wide = await tooWide(page);
    check(`${name}, ${word}: no wider than the window`, wide.length === 0, wide.join(" "));
    await picture(page, `${name}-${word}`, { fullPage: word === "phone" });
  }
  check(`${name}: has a title and one heading`, title.length > 13 && (await page.locator("h1").count()) === 1, title);
}

run(async () => {
  const outside = await (await open()).newPage();
  await look(outside, "sign-in", "/sign-in");
  await look(outside, "first-login", input.fresh_link);
  const page = await (await openSignedIn()).newPage();
  for (const [name, path] of Object.entries(input.pages)) await look(page, name, path);
  await page.goto(at(input.device));
  await page.locator('#power button[value="force_off"]').click();
  await page.locator("#confirm").waitFor();
  await look(page, "confirm");
  // Refusals are pages too; Chromium reports their status on the console.
  await page.goto(at("/"));
  const before = faults.length;
  await look(page, "not-found", "/devices/nobody");
  faults.splice(before, faults.length, ...faults.slice(before).filter((it) => !it.includes("404")));
  check("nothing went wrong in any page", faults.length === 0, faults.join("\n"));

  // The measures themselves measure: what is planted is found.
  await page.goto("about:blank");
  await page.setContent('<html lang="en"><title>t</title><main><img src="data:,"><div style="width:3000px">wide</div></main></html>');
  check("axe-core finds a picture without words", (await serious(page)).some((it) => it.startsWith("image-alt")));
  check("a page that is too wide is found", (await tooWide(page)).length > 0);
});
