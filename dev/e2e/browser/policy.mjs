// The policy without a firewall program: what is said of it, questions, and proposing a version; first with JavaScript, then without.
import { at, check, faults, input, openSignedIn, run } from "./lib.mjs";

async function ask(page, from, to, on) {
  await page.locator("#ask-from").fill(from);
  await page.locator("#ask-to").fill(to);
  await page.locator("#ask-on").fill(on);
  // The answer before this one is not the answer.
  await page.evaluate(() => document.querySelectorAll("#told > *").forEach((it) => { it.dataset.old = ""; }));
  await page.getByRole("button", { name: "Ask", exact: true }).click();
  await page.locator("#told > :not([data-old])").first().waitFor();
  return page.locator("#told").innerText();
}

async function walk(page, word, hasScript) {
  await page.goto(at("/"));
  check(`${word}: every page says what is enforced`, (await page.locator(".banner").allInnerTexts()).join(" ").includes("It is not known what is enforced"));
  await page.goto(at("/policy"));
  const standing = await page.locator("#standing").innerText();
  check(`${word}: it is planned, not enforced`, standing.includes("Planned, not enforced"), standing);
  check(`${word}: all rules are there`, (await page.locator("table.rules tbody").count()) === 11);
  const allowed = await ask(page, "10.1.5.10", "10.20.0.1", "443");
  check(`${word}: a question is answered`, /allow/.test(allowed) && allowed.includes("0 infra_mgmt_web"), allowed);
  const where = new URL(page.url()).pathname;
  check(`${word}: the answer is ${hasScript ? "a part of the page" : "a page"}`, where === (hasScript ? "/policy" : "/policy/ask"), where);
  const device = await ask(page, "appliance", input.device, "bmc_management");
  // The demonstration's controllers are on the loopback, where no rule is asked.
  check(`${word}: a device is known by its name`, /127\.\d+\.\d+\.\d+ never leaves its host/.test(device), device);
  const wrong = await ask(page, "10.1.5.10", "nobody", "443");
  check(`${word}: a wrong question says what to do`, wrong.includes("write an address"), wrong);

  await page.goto(at("/policy/propose"));
  const text = await page.locator("#scenario-text").inputValue();
  await page.locator("#scenario-text").fill(text.replace("risk: 4", "risk: 9"));
  await page.getByRole("button", { name: "Check" }).click();
  await page.locator("tr.told").first().waitFor();
  const told = await page.locator("tr.told").first().innerText();
  check(`${word}: a mistake stands beside its line`, told.includes("risk: 9") && told.includes("risk_out_of_range"), told);
  await page.locator("#scenario-text").fill(text);
  await page.locator("#note").fill(`a version ${word}`);
  await page.getByRole("button", { name: "Keep as a draft" }).click();
  await page.waitForURL(/\/policy\/diff/);
  const diff = await page.locator("main").innerText();
  check(`${word}: what was typed is kept as it was`, diff.includes("Nothing is wrong") && diff.includes("7 hold, 0 do not"), diff);
  const before = faults.length;
  await page.getByRole("button", { name: /on trial/ }).click();
  await page.locator("h1").filter({ hasNotText: "What a version changes" }).waitFor();
  const refused = await page.locator("main").innerText();
  check(`${word}: without the program nothing is put on trial`, refused.includes("firewall"), refused);
  faults.splice(before, faults.length, ...faults.slice(before).filter((it) => !it.includes("503")));
  await page.goto(at("/policy/versions"));
  const versions = await page.locator("#versions").innerText();
  check(`${word}: the draft is kept`, versions.includes(`a version ${word}`) && versions.includes("draft"), versions);
}

run(async () => {
  await walk(await (await openSignedIn()).newPage(), "with JavaScript", true);
  await walk(await (await openSignedIn({ javaScriptEnabled: false })).newPage(), "without JavaScript", false);
  check("nothing went wrong in any page", faults.length === 0, faults.join("\n"));
});
