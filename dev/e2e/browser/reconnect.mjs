// The appliance dies and comes back: open pages say so, come back by themselves, and show what has changed meanwhile.
import { at, becomes, check, faults, input, live, openSignedIn, outside, run } from "./lib.mjs";

run(async () => {
  const context = await openSignedIn();
  const page = await context.newPage();
  await page.goto(at("/"));
  await live(page);
  await page.evaluate(() => (window.loadedOnce = true));
  const badge = page.locator("tr[data-row]", { hasText: input.device.address }).locator(".st").first();
  check("the server is on", /\bon\b/.test(await badge.innerText()), await badge.innerText());
  check("nothing went wrong before", faults.length === 0, faults.join("\n"));

  await outside("kill");
  await becomes("the page says that it hears nothing", () => page.locator('#live[data-state="reconnecting"]').waitFor());
  check("the old state stays readable", /\bon\b/.test(await badge.innerText()));
  await outside("switch off", { address: input.device.address });
  await outside("start");
  await becomes("the page hears news again by itself", () => live(page));
  await becomes(
    "it shows what changed while nobody looked",
    () => badge.filter({ hasText: /^\s*off\s*$/ }).waitFor(),
    () => badge.innerText(),
  );
  check("it was not loaded again for that", await page.evaluate(() => window.loadedOnce === true));

  // And after an orderly stop, while the page stays open.
  await outside("stop");
  await becomes("an orderly stop is said too", () => page.locator('#live[data-state="reconnecting"]').waitFor());
  await outside("start");
  await becomes("and it comes back", () => live(page));
});
