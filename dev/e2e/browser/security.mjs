// What another site, an earlier cookie or a frame must not achieve.
import { at, check, input, open, openSignedIn, outside, run, signIn } from "./lib.mjs";

const NAME = "__Host-portcullis";
let device = "";
const power = async () => outside("power", { address: input.device.address });

/** A page of another site whose form sends itself. */
async function forge(context, origin, action, fields) {
  const page = await context.newPage();
  const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join("");
  const body = `<!doctype html><form method="post" action="${at(action)}">${inputs}</form><script>document.forms[0].submit()</script>`;
  await page.route(`${origin}/**`, (route) => route.fulfill({ contentType: "text/html", body }));
  const [answer] = await Promise.all([
    page.waitForResponse((response) => response.request().method() === "POST"),
    page.goto(`${origin}/forged`).catch(() => {}),
  ]);
  const sent = await answer.request().allHeaders();
  await page.close();
  return { status: answer.status(), cookie: (sent.cookie ?? "").includes(NAME) };
}

async function forgery(context, csrf) {
  const path = `/devices/${encodeURIComponent(device)}/power/confirmed`;
  const fields = { reset: "force_off", confirm: device };
  const others = [["another site", "https://evil.example"], ["the address instead of the name", "https://127.0.0.1:1"]];
  for (const [words, origin] of others) {
    const sent = await forge(context, origin, path, fields);
    check(`${words} is refused`, sent.status === 403, JSON.stringify(sent));
    check(`${words} sends no cookie along`, !sent.cookie, JSON.stringify(sent));
  }
  // Another port of the same host is the same site: the cookie goes along, and the appliance itself must refuse.
  const sent = await forge(context, "https://localhost:1", path, { ...fields, csrf });
  check("another port of the same host sends the cookie along", sent.cookie, JSON.stringify(sent));
  check("and is refused, even with the right token", sent.status === 403, JSON.stringify(sent));
  check("nothing was switched", (await power()) === "On", await power());
}

/** The same form from a page of ours, but without the page's token, or with another session's. */
async function withoutToken(page) {
  const send = (token) =>
    page.evaluate(async ([path, fields]) => {
      const answer = await fetch(path, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
      return answer.status;
    }, [`/devices/${encodeURIComponent(device)}/power/confirmed`, { reset: "force_off", confirm: device, ...(token === undefined ? {} : { csrf: token }) }]);
  for (const [words, token] of [["no token", undefined], ["an empty token", ""], ["a wrong token", "A".repeat(43)]]) {
    const status = await send(token);
    check(`a form with ${words} is refused`, status >= 400 && status < 500, status);
  }
  check("nothing was switched by these", (await power()) === "On", await power());
}

async function fixation() {
  const context = await open();
  const planted = "A".repeat(43);
  await context.addCookies([{ name: NAME, value: planted, url: input.url, httpOnly: true, secure: true, sameSite: "Strict" }]);
  const page = await context.newPage();
  await page.goto(at("/"));
  check("a planted cookie is nobody's session", new URL(page.url()).pathname === "/sign-in", page.url());
  await signIn(page, "admin", input.recovery[0]);
  const first = (await context.cookies()).find((cookie) => cookie.name === NAME);
  check("the sign-in replaces a planted cookie", first.value !== planted && first.value.length >= 32, first.value.length);
  check("the cookie is HttpOnly, Secure, SameSite=Strict, of this host only, for this browser's life only",
    first.httpOnly && first.secure && first.sameSite === "Strict" && first.domain === "localhost" && first.path === "/" && first.expires === -1,
    JSON.stringify({ ...first, value: "…" }));
  check("scripts cannot read it", (await page.evaluate(() => document.cookie)) === "");

  // A second sign-in in the same browser ends the first session.
  await context.clearCookies();
  await context.addCookies([first]);
  await signInAgain(page, input.recovery[1]);
  const second = (await context.cookies()).find((cookie) => cookie.name === NAME);
  check("each sign-in makes a session of its own", second.value !== first.value);
  const thief = await open();
  await thief.addCookies([first]);
  const there = await thief.newPage();
  await there.goto(at("/"));
  check("the one before has ended", new URL(there.url()).pathname === "/sign-in", there.url());
  await page.goto(at("/"));
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(/sign-in/);
  check("signing out takes the cookie away", !(await context.cookies()).some((cookie) => cookie.name === NAME));
  await thief.clearCookies();
  await thief.addCookies([second]);
  await there.goto(at("/"));
  check("and ends the session, not only the cookie", new URL(there.url()).pathname === "/sign-in", there.url());
}

/** The form of the sign-in page sent from a page of ours, as in a second tab that was opened before. */
async function signInAgain(page, code) {
  const status = await page.evaluate(async (fields) => {
    const answer = await fetch("/sign-in", { method: "POST", body: new URLSearchParams(fields) });
    return answer.status;
  }, { name: "admin", password: input.password, code, next: "/" });
  check("a second sign-in works", status === 200, status);
}

async function frames(context) {
  const page = await context.newPage();
  await page.route("https://evil.example/**", (route) =>
    route.fulfill({ contentType: "text/html", body: `<!doctype html><iframe src="${at("/")}" width=800 height=600></iframe>` }));
  await page.goto("https://evil.example/frame");
  const text = await page.frames()[1]?.evaluate(() => document.body?.innerText ?? "").catch(() => "");
  check("a frame of another site stays empty", !/sign in|fleet|password/i.test(text ?? ""), text);
  await page.close();
  for (const path of ["/", "/sign-in", "/nothing-here", "/assets/nothing", "/healthz", "/api/v1/whoami"]) {
    const answer = await context.request.get(at(path), { maxRedirects: 0 });
    const headers = answer.headers();
    const policy = headers["content-security-policy"] ?? "";
    check(`${path} may not be framed, guessed at, or told to others`,
      policy.includes("frame-ancestors 'none'") && headers["x-frame-options"] === "DENY" && headers["x-content-type-options"] === "nosniff"
        && headers["referrer-policy"] === "no-referrer" && !!headers["strict-transport-security"],
      JSON.stringify(headers));
    check(`${path} allows no script from a page's own text`, policy.includes("default-src 'none'") && !policy.includes("unsafe"), policy);
  }
  const fleet = (await context.request.get(at("/"))).headers();
  check("pages are kept by no cache", fleet["cache-control"] === "no-store", fleet["cache-control"]);
}

async function injection(page) {
  const mark = `"><img src=x onerror="window.hurt=1"><script>window.hurt=1</script>`;
  for (const path of [`/?q=${encodeURIComponent(mark)}`, `/?sort=${encodeURIComponent(mark)}`, `/audit?device=${encodeURIComponent(mark)}`,
    `/users?user=${encodeURIComponent(mark)}&action=device.view`, `/manual?q=${encodeURIComponent(mark)}`, `/devices/${encodeURIComponent(mark)}`,
    `/sign-in?next=${encodeURIComponent(`//evil.example/${mark}`)}`]) {
    await page.goto(at(path));
    const hurt = await page.evaluate(() => window.hurt === 1 || document.querySelector("img[src=x]") !== null);
    check(`text from the address stays text: ${path.split("=")[0].slice(0, 30)}`, !hurt);
    check(`nobody is led elsewhere by it: ${path.split("=")[0].slice(0, 30)}`, new URL(page.url()).origin === new URL(input.url).origin, page.url());
  }
}

run(async () => {
  const context = await openSignedIn();
  const page = await context.newPage();
  await page.goto(at("/"));
  device = (await page.locator("tr[data-row]", { hasText: input.device.address }).locator("th a").innerText()).trim();
  const csrf = await page.locator("meta[name=csrf]").getAttribute("content");
  check("the page has a token", csrf.length >= 16, csrf.length);
  await forgery(context, csrf);
  await withoutToken(page);
  await frames(context);
  await injection(page);
  await fixation();
});
