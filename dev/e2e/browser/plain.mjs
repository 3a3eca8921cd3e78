// The essential without JavaScript: sign-in, state, power.
import { at, check, input, open, outside, picture, run } from "./lib.mjs";

run(async () => {
  const context = await open({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(at("/"));
  check("who is not signed in is led to the sign-in", new URL(page.url()).pathname === "/sign-in", page.url());
  await page.locator("#name").fill("admin");
  await page.locator("#password").fill(input.password);
  await page.locator("#code").fill(input.recovery);
  await page.locator("main form button[type=submit]").click();
  check("the sign-in leads to where one wanted to go", new URL(page.url()).pathname === "/", page.url());

  const row = page.locator("tr[data-row]", { hasText: input.device.address });
  check("the fleet is a table", (await page.locator("tr[data-row]").count()) >= 5);
  check("it shows the server on", (await row.innerText()).match(/\bon\b/), await row.innerText());
  const name = (await row.locator("th a").innerText()).trim();
  await page.locator("#q").fill(name);
  await page.getByRole("button", { name: "Filter" }).click();
  check("the filter is a form", (await page.locator("tr[data-row]").count()) === 1, await page.locator("tr[data-row]").count());

  await row.locator("th a").click();
  await page.locator('#power button[value="force_off"]').click();
  const button = page.locator("main form button[type=submit]");
  check("the button is open: there is nobody to open it", await button.isEnabled());
  await page.locator("#confirm").fill("something else");
  await button.click();
  const refused = await page.locator("main").innerText();
  check("the appliance itself checks what was typed", refused.includes("nothing was done"), refused);
  const still = await outside("power", { address: input.device.address });
  check("nothing was done", still === "On", still);

  await page.goto(at(`/devices/${encodeURIComponent(name)}`));
  await page.locator('#power button[value="force_off"]').click();
  await page.locator("#confirm").fill(name);
  await button.click();
  const device = page.url();
  check("the act has an address to look at again", /job=\d+/.test(device), device);
  const off = await outside("until_off", { address: input.device.address });
  check("the server goes off", off === "Off", off);
  let text = "";
  // Whoever has no JavaScript loads the page again.
  for (const began = Date.now(); Date.now() - began < 20_000; ) {
    await page.goto(device);
    text = await page.locator("#state").innerText();
    if (/\boff\b/i.test(text) && /\bdone\b/.test(text)) break;
  }
  check("loading the page again shows the end", /\boff\b/i.test(text) && /\bdone\b/.test(text), text);
  await picture(page, "without-javascript");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.goto(at("/"));
  check("signed out", new URL(page.url()).pathname === "/sign-in", page.url());
});
