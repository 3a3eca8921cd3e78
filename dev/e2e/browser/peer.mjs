// A controller that is not ours: the fleet page shows what it is, and its power follows every act without a reload.
import { at, becomes, check, faults, input, live, openSignedIn, outside, run } from "./lib.mjs";

run(async () => {
  const context = await openSignedIn();
  const page = await context.newPage();
  await page.goto(at("/"));
  await live(page);
  await page.evaluate(() => (window.loadedOnce = true));
  const row = page.locator("tr[data-row]", { hasText: input.address });
  const badge = row.locator(".st").first();
  check("the machine is in the list, on", /\bon\b/.test(await badge.innerText()), await badge.innerText());
  for (const [act, word] of [["force_off", "off"], ["on", "on"]]) {
    check(`${act} was carried out`, (await outside(act)) === word);
    await becomes(
      `the badge says ${word}`,
      () => badge.filter({ hasText: new RegExp(`^\\s*${word}\\s*$`) }).waitFor(),
      () => badge.innerText(),
    );
  }
  check("the page was not loaded again for that", await page.evaluate(() => window.loadedOnce === true));
  check("nothing went wrong", faults.length === 0, faults.join("\n"));
});
