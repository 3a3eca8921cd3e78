// The main job, as a person does it: first login, sign-in, discovery, adoption, power, and what was written down.
import { connect } from "node:tls";
import { at, becomes, check, enrol, faults, input, live, open, outside, picture, run, signIn, totp } from "./lib.mjs";

/** The fingerprint of the certificate that a controller shows, asked for past the appliance. */
const fingerprintAt = (address) =>
  new Promise((found, failed) => {
    const [host, port] = address.split(":");
    const socket = connect({ host, port, rejectUnauthorized: false }, () => {
      found(plain(socket.getPeerCertificate().fingerprint256));
      socket.destroy();
    });
    socket.on("error", failed);
  });
const plain = (text) => text.toLowerCase().replaceAll(/[^0-9a-f]/g, "");

run(async () => {
  const context = await open();
  const page = await context.newPage();

  // First login and sign-in.
  const { key, recovery } = await enrol(page, input.first_login);
  check("ten recovery codes or so are shown once", recovery.length >= 8, recovery.length);
  const again = await page.goto(input.first_login);
  check("the link works once", [401, 404, 410].includes(again.status()), again.status());
  faults.length = 0; // Chromium reports that answer on the console.
  await signIn(page, "admin", totp(key, 1));
  check("the fleet is shown after the sign-in", new URL(page.url()).pathname === "/", page.url());
  await becomes("the fleet is empty and says what to do", () => page.getByRole("link", { name: "Find controllers" }).click());

  // Discovery.
  await page.locator("#range").fill(input.range);
  await page.locator("#port").fill(String(input.port));
  await page.locator("#rate").fill("500");
  await page.getByRole("button", { name: "Start" }).click();
  const rows = page.locator("#seen tr[data-row]");
  await becomes(
    "all controllers of the range come up by themselves",
    () => rows.nth(input.bmcs.length - 1).waitFor(),
    () => rows.count(),
  );
  await becomes("the sweep ends by itself", () => page.locator("#sweeps .tag", { hasText: "ended" }).waitFor());
  await picture(page, "job-1-discovery");

  // Adoption by hand, with the fingerprint before one's eyes.
  const bmc = input.bmcs[0];
  const link = rows.filter({ hasText: bmc.address }).locator("th a");
  const name = (await link.textContent()).trim();
  await link.click();
  const fingerprint = (await page.locator("#adopt .print").first().textContent()).trim();
  const real = await fingerprintAt(bmc.address);
  check("the fingerprint is the one of the controller's certificate", plain(fingerprint) === real, `${fingerprint} ${real}`);
  await page.locator("#adopt #username").fill(bmc.username);
  await page.locator("#adopt #password").fill(bmc.password);
  await page.locator("#adopt").getByRole("button", { name: "Adopt", exact: true }).click();
  await page.waitForURL(/job=/);
  await becomes("the page follows the adoption to its end", () => page.locator("#state .note.ok", { hasText: "done" }).waitFor(), () => page.locator("#state").innerText());

  // The device's page.
  await page.goto(at(`/devices/${encodeURIComponent(name)}`));
  const identity = await page.locator("#overview").innerText();
  check("the inventory names the serial number", identity.includes(bmc.serial), identity);
  check("the inventory names the model", identity.includes(bmc.model), identity);
  for (const [part, least] of [["processors", 1], ["memory", 1], ["drives", 1], ["firmware", 1]]) {
    const count = await page.locator(`section#${part} tbody tr`).count();
    check(`the inventory has ${part}`, count >= least, count);
  }
  const pinned = await page.locator("#certificate .print").first().textContent();
  check("the certificate is pinned", plain(pinned) === real, pinned);
  await picture(page, "job-2-device", { fullPage: true });

  // Another page is open meanwhile, and is never loaded again.
  const fleet = await context.newPage();
  await fleet.goto(at("/"));
  await live(fleet);
  await fleet.evaluate(() => (window.loadedOnce = true));
  const badge = fleet.locator("tr[data-row]", { hasText: bmc.address }).locator(".st").first();
  await becomes("the fleet shows it as on", () => badge.filter({ hasText: /^\s*on\s*$/ }).waitFor(), () => badge.innerText());

  // Power off: typed confirmation, then live progress.
  await page.bringToFront();
  await page.locator('#power button[value="force_off"]').click();
  const confirm = page.locator("#confirm");
  await confirm.waitFor();
  const button = page.locator("main form button[type=submit]");
  check("without the name nothing can be sent", await button.isDisabled());
  await confirm.fill(`${name}x`);
  check("a wrong name sends nothing", await button.isDisabled());
  await confirm.fill(name);
  check("the typed name opens the button", await button.isEnabled());
  await picture(page, "job-3-confirm");
  await outside("slow", { address: bmc.address });
  await button.click();
  await page.waitForURL(/job=/);
  await becomes("the act is shown while it runs", () => page.locator("#state .note progress").waitFor(), () => page.locator("#state").innerText());
  await becomes("the device's page follows to the end", () => page.locator("#state .note.ok", { hasText: "done" }).waitFor(), () => page.locator("#state").innerText());
  await becomes(
    "the device's page shows it off",
    () => page.locator("#state .st.is-off").waitFor(),
    () => page.locator("#state").innerText(),
  );
  await picture(page, "job-4-off");
  await fleet.bringToFront();
  await becomes("the badge on the other page changes by itself", () => badge.filter({ hasText: /^\s*off\s*$/ }).waitFor(), () => badge.innerText());
  check("the other page was not loaded again", await fleet.evaluate(() => window.loadedOnce === true));
  const off = await outside("power", { address: bmc.address });
  check("the server is off in truth", off === "Off", off);

  // Power on, without a question.
  await page.bringToFront();
  await page.goto(at(`/devices/${encodeURIComponent(name)}`));
  await page.locator('#power button[value="on"]').click();
  await page.waitForURL(/job=/);
  await becomes("it goes on without a question", () => page.locator("#state .st.is-on").waitFor(), () => page.locator("#state").innerText());
  await fleet.bringToFront();
  await becomes("the other page follows again", () => badge.filter({ hasText: /^\s*on\s*$/ }).waitFor(), () => badge.innerText());
  const on = await outside("power", { address: bmc.address });
  check("the server is on in truth", on === "On", on);

  // What was written down.
  await page.bringToFront();
  await page.goto(at("/audit"));
  const log = await page.locator("#log tbody").innerText();
  for (const act of ["device.discover", "device.adopt", "device.power"]) {
    check(`the audit log has ${act}`, log.includes(act) || log.includes(act.split(".")[1]), log);
  }
  check("the audit log never shows the password", !(await page.content()).includes(bmc.password));
  await picture(page, "job-5-audit");
  await page.goto(at(`/devices/${encodeURIComponent(name)}`));
  check("the device's history has the acts", (await page.locator("#history tbody tr").count()) >= 3);
  check("the password is on no page of the device", !(await page.content()).includes(bmc.password));

  // Signing out ends it, on the other page too.
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/sign-in/);
  await fleet.goto(at("/"));
  check("the session has ended everywhere", new URL(fleet.url()).pathname === "/sign-in", fleet.url());
  check("nothing went wrong in any page", faults.length === 0, faults.join("\n"));
});
