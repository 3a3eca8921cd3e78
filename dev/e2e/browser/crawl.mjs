// Every page that a link leads to: nothing from elsewhere, nothing blocked, no error, no dead link.
import { at, check, faults, input, live, openSignedIn, run } from "./lib.mjs";

/** Of pages that differ only in what they are about, so many are enough. */
const OF_A_KIND = 3;
const MOST = 90;

const kind = (url) => {
  const { pathname, searchParams } = new URL(url);
  const words = [...searchParams.keys()].sort().join("&");
  return pathname.replace(/^\/(devices|audit|jobs|users)\/[^/]+/, "/$1/…") + (words && `?${words}`);
};

run(async () => {
  const context = await openSignedIn();
  const page = await context.newPage();
  const queue = input.pages.map(at);
  const [seen, count, dead] = [new Set(queue), new Map(), []];
  let visited = 0;
  while (queue.length && visited < MOST) {
    const url = queue.shift();
    const answer = await page.goto(url);
    visited += 1;
    if (answer.status() !== 200) dead.push(`${answer.status()} ${url}`);
    if (visited === 1) await live(page);
    for (const href of await page.locator("a[href]:not([download])").evaluateAll((links) => links.map((link) => link.href))) {
      const bare = href.split("#")[0];
      if (!bare.startsWith(new URL(input.url).origin)) {
        dead.push(`leads elsewhere: ${href} on ${url}`);
        continue;
      }
      const so_far = count.get(kind(bare)) ?? 0;
      if (seen.has(bare) || so_far >= OF_A_KIND) continue;
      count.set(kind(bare), so_far + 1);
      seen.add(bare);
      queue.push(bare);
    }
    const missing = await page.evaluate(() =>
      [...document.querySelectorAll('a[href^="#"]')].map((a) => a.getAttribute("href")).filter((id) => id.length > 1 && !document.getElementById(decodeURIComponent(id.slice(1)))));
    if (missing.length) dead.push(`${url} leads to parts that it does not have: ${missing}`);
  }
  check("many pages were visited", visited >= 30, visited);
  for (const wanted of ["/devices/…", "/audit/…", "/users/…", "/jobs/…"]) {
    check(`pages such as ${wanted} were among them`, [...seen].some((url) => kind(url) === wanted), [...count.keys()].join(" "));
  }
  check("every link leads to a page of ours", dead.length === 0, dead.join("\n"));
  check("nothing off-origin, nothing blocked, no error", faults.length === 0, faults.join("\n"));

  // The watch itself watches: what is planted is found, and blocked by the pages' policy.
  await page.goto(at("/"));
  faults.length = 0;
  await page.evaluate(() => {
    document.body.insertAdjacentHTML("beforeend", '<img src="https://evil.example/x.png" alt=""><b style="color: red"></b>');
    const script = document.createElement("script");
    script.textContent = "window.hurt = 1";
    document.body.append(script);
  });
  await page.waitForFunction(() => document.body.lastElementChild.tagName === "SCRIPT");
  check("a script in a page does not run", await page.evaluate(() => window.hurt === undefined));
  for (const directive of ["script-src", "style-src", "img-src"]) {
    const found = () => faults.some((it) => it.includes("content security policy") && it.includes(directive));
    for (let tries = 0; !found() && tries < 50; tries += 1) await page.evaluate(() => new Promise(requestAnimationFrame));
    check(`a planted breach of ${directive} is reported`, found(), faults.join("\n"));
  }
});
