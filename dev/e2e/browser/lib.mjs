// What the scripts share: the talk with the Rust test, Chromium, and a person's ways through the pages.
import { chromium } from "playwright-core";
import { createHmac } from "node:crypto";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const hear = async () => JSON.parse((await lines.next()).value);

/** What the test gave us. */
export const input = await hear();
/** The address of a page. */
export const at = (path) => new URL(path, input.url).href;

/** Something that must be so. */
export function check(name, ok, detail) {
  say({ check: name, ok: Boolean(ok), detail });
  return Boolean(ok);
}

/** Something that must become so: waits for it, and reports what it saw instead. */
export async function becomes(name, wait, seen = () => "") {
  try {
    await wait();
    return check(name, true);
  } catch (error) {
    const instead = await Promise.resolve(seen()).catch(() => "nothing");
    return check(name, false, `${String(error.message).split("\n")[0]}; seen: ${instead}`);
  }
}

/** Has the test do something outside of the browser. */
export async function outside(what, more = {}) {
  say({ do: what, ...more });
  return hear();
}

const browser = await chromium.launch({
  executablePath: input.chromium,
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
  ],
});

/** Everything that went wrong in any page of a context: other origins, blocked content, errors. */
export const faults = [];

/** A browser window of its own, without anything of others'; what goes wrong in it is kept in `faults`. */
export async function open(options = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1400, height: 900 },
    colorScheme: "light",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(20_000);
  const origin = new URL(input.url).origin;
  const note = (kind, text) => faults.push(`${kind}: ${text}`);
  context.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:", "about:"].includes(url.protocol) && url.origin !== origin) note("off-origin", url.href);
  });
  context.on("response", (response) => {
    if (response.status() >= 500) note("answer", `${response.status()} ${response.url()}`);
  });
  context.on("weberror", (error) => note("exception", error.error().message));
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) note(`console at ${message.page()?.url()}`, message.text());
  });
  // Chromium says it on the console too; the event does not depend on how it words that.
  if (options.javaScriptEnabled !== false) {
    await context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`content security policy: ${event.effectiveDirective} blocked ${event.blockedURI} ${event.sample}`);
      });
    });
  }
  return context;
}

/** The same, signed in with the session that the test holds. */
export async function openSignedIn(options = {}) {
  const context = await open(options);
  await context.addCookies([
    { name: "__Host-portcullis", value: input.session, url: input.url, httpOnly: true, secure: true, sameSite: "Strict" },
  ]);
  return context;
}

/** The code that an authenticator shows (RFC 6238), `steps` periods from now. */
export function totp(key, steps = 0) {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...key.replaceAll(" ", "")].map((c) => alphabet.indexOf(c).toString(2).padStart(5, "0")).join("");
  const bytes = bits.match(/.{8}/g).map((eight) => parseInt(eight, 2));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const digest = createHmac("sha1", Buffer.from(bytes)).update(counter).digest();
  const number = digest.readUInt32BE(digest[19] & 15) & 0x7fffffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** Walks through the first login; returns the authenticator's key and the recovery codes. */
export async function enrol(page, link) {
  await page.goto(link);
  const key = (await page.locator(".secret").first().textContent()).trim();
  await page.locator("#password").fill(input.password);
  await page.locator("#again").fill(input.password);
  await page.locator("#code").fill(totp(key));
  await page.locator("main form button[type=submit]").click();
  await page.getByRole("heading", { name: "Recovery codes" }).waitFor();
  return { key, recovery: await page.locator(".codes li").allTextContents() };
}

/** Signs in by the form. */
export async function signIn(page, name, code) {
  await page.goto(at("/sign-in"));
  await page.locator("#name").fill(name);
  await page.locator("#password").fill(input.password);
  await page.locator("#code").fill(code);
  await page.locator("main form button[type=submit]").click();
  await page.waitForURL((url) => url.pathname !== "/sign-in");
}

/** Waits until the page hears news. */
export const live = (page) => page.locator('#live[data-state="live"]').waitFor();

/** A picture for people, in target/e2e-screenshots. */
export async function picture(page, name, options = {}) {
  mkdirSync(input.screenshots, { recursive: true });
  await page.screenshot({ path: `${input.screenshots}/${name}.png`, animations: "disabled", ...options });
}

/** Runs a script and closes the browser, whatever happens. */
export async function run(script) {
  try {
    await script();
    say({ done: true });
  } catch (error) {
    check("the script comes to its end", false, error.stack);
    process.exitCode = 1;
  } finally {
    await browser.close();
    process.stdin.destroy();
  }
}
