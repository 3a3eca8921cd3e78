// The pictures of README and manual, from the demonstration with acts under way.
import { at, check, faults, input, live, openSignedIn, run } from "./lib.mjs";
import { shrink } from "./shrink.mjs";

/** Starts an act on some devices from the fleet's page, as a person does. */
async function act(page, names, word) {
  await page.goto(at("/"));
  for (const name of names) await page.locator("tr[data-row]", { has: page.getByRole("link", { name, exact: true }) }).locator("input").check();
  await page.locator("#act").selectOption(word);
  await page.getByRole("button", { name: "Continue…" }).click();
  const typed = page.locator("#confirm");
  if (await typed.count()) await typed.fill(await typed.getAttribute("data-expect"));
  await page.locator("main form button[type=submit]").click();
  await page.waitForURL(/\/jobs\//);
}

async function keep(page, name, options = {}) {
  const path = `${input.folder}/${name}.png`;
  await page.mouse.move(0, 0);
  await page.screenshot({ path, animations: "disabled", ...options });
  const size = shrink(path);
  check(`${name}.png is small`, size < 200_000, size);
}

run(async () => {
  const context = await openSignedIn();
  const page = await context.newPage();
  await act(page, ["r2-u09"], "maintenance");
  await act(page, ["r1-u03", "r1-u19"], "graceful_shutdown");
  await page.goto(at("/"));
  await live(page);
  await page.locator(".is-powering_off").nth(1).waitFor();
  await keep(page, "fleet");

  await page.goto(at("/racks"));
  await live(page);
  await page.locator(".u-moving").first().waitFor();
  await keep(page, "racks", { fullPage: true });

  await page.goto(at("/devices/r1-u13"));
  await page.locator('#power button[value="graceful_shutdown"]').click();
  await page.locator("#confirm").fill("r1-u13");
  await page.locator("main form button[type=submit]").click();
  await page.waitForURL(/job=/);
  await live(page);
  await page.locator("#state progress").waitFor();
  await keep(page, "device");
  if (input.zones) {
    await page.goto(at("/policy"));
    await keep(page, "policy");
    await page.goto(at("/firewall-log"));
    await page.locator("tbody tr").first().waitFor();
    await keep(page, "firewall-log");
  }
  check("nothing went wrong", faults.length === 0, faults.join("\n"));
});
