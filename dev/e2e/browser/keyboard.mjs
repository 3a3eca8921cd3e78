// The fleet without a mouse.
import { at, becomes, check, faults, live, openSignedIn, run } from "./lib.mjs";

run(async () => {
  const page = await (await openSignedIn()).newPage();
  await page.goto(at("/"));
  await live(page);
  const here = () => page.evaluate(() => [...document.querySelectorAll("tr[data-row]")].findIndex((row) => row.classList.contains("here")));
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };

  await press("Tab");
  check("the first stop skips to the content", (await page.evaluate(() => document.activeElement.className)) === "skip");
  await press("j");
  check("j goes to the first row", (await here()) === 0, await here());
  await press("j", "j");
  check("j goes down", (await here()) === 2, await here());
  await press("k");
  check("k goes up", (await here()) === 1, await here());
  await press("k", "k", "k");
  check("k stops at the first row", (await here()) === 0, await here());
  await press("j", "x");
  const checked = () => page.locator("input[name=device]:checked").count();
  check("x selects the row", (await checked()) === 1 && (await page.locator("tr.here input[name=device]").isChecked()), await checked());
  check("the selection is counted", (await page.locator("[data-count]").innerText()) === "1 selected", await page.locator("[data-count]").innerText());
  await press("j", "x");
  check("x selects more", (await checked()) === 2, await checked());
  await press("x");
  check("x takes it back", (await checked()) === 1, await checked());

  await press("/");
  check("/ goes to the filter", (await page.evaluate(() => document.activeElement.id)) === "q");
  await page.keyboard.type("x?jk");
  check("keys are text in there", (await page.locator("#q").inputValue()) === "x?jk", await page.locator("#q").inputValue());
  check("and no help opens", !(await page.locator("#help").evaluate((it) => it.open)));
  await page.locator("#q").fill("r1-u03");
  await becomes("typing filters without Enter", () => page.waitForFunction(() => document.querySelectorAll("tr[data-row]").length === 1), () => page.locator("tr[data-row]").count());
  check("the filter is in the address", page.url().includes("q=r1-u03"), page.url());
  check("the field keeps the focus", (await page.evaluate(() => document.activeElement.id)) === "q");
  await press("Escape");
  check("Escape leaves the field", (await page.evaluate(() => document.activeElement.id)) !== "q");

  await press("?");
  check("? opens the help", await page.locator("#help").evaluate((it) => it.open));
  await press("j");
  check("keys do nothing below it", (await here()) === -1, await here());
  await press("Escape");
  check("Escape closes it", !(await page.locator("#help").evaluate((it) => it.open)));
  await press("j", "Enter");
  await becomes("Enter opens the row", () => page.waitForURL(/\/devices\//), () => page.url());
  check("nothing went wrong", faults.length === 0, faults.join("\n"));
});
