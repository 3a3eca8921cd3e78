// Portcullis: what the pages do beyond forms and links. Everything essential works without it.
"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const stored = localStorage.getItem("theme");
  if (stored === "light" || stored === "dark") root.dataset.theme = stored;

  const $ = (selector, from = document) => from.querySelector(selector);
  const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

  // Theme: as the system says, until somebody chooses.
  function toggleTheme() {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", root.dataset.theme);
  }

  // Every request that htmx makes carries the session's proof.
  document.addEventListener("htmx:configRequest", (event) => {
    event.detail.headers["x-csrf-token"] = $("meta[name=csrf]")?.content ?? "";
  });

  // ---- Live parts: <any id="…" data-live="device:ID job:3" data-src="/fragments/…"> ----
  const dirty = new Set();
  let timer = 0;
  let wholePage = false;
  let lastRefresh = 0;

  function touch(key) {
    const parts = $$("[data-live]").filter((part) => part.dataset.live.split(" ").includes(key));
    for (const part of parts) dirty.add(part.id);
    if (dirty.size) schedule();
    // A device that a complete list does not show is a new one.
    if (!parts.length && key.startsWith("device:") && $("[data-complete]")) setTimeout(refreshSoon, 2000);
  }

  function schedule() {
    if (timer) return;
    // One refresh at a time, at most about three a second; a hidden page waits until it is looked at.
    timer = setTimeout(flush, Math.max(120, 350 - (Date.now() - lastRefresh)));
  }

  async function flush() {
    if (document.hidden) {
      timer = 0;
      wholePage = true;
      return;
    }
    const ids = [...dirty];
    const whole = wholePage || ids.length > 15;
    dirty.clear();
    wholePage = false;
    lastRefresh = Date.now();
    try {
      if (whole) await refreshPage();
      else await Promise.all(ids.map(refreshPart));
    } catch {
      // The stream's own reconnecting brings the page up to date.
    }
    timer = 0;
    if (dirty.size || wholePage) schedule();
  }

  // The session has ended: the page leads to the sign-in, unless it is being left by a form, "Sign out" for one.
  // What is asked for meanwhile is broken off: behind a "Sign out" it would only be refused.
  const leaving = new AbortController();
  function signInAgain() {
    if (!leaving.signal.aborted) location.reload();
  }

  function ask(url) {
    return fetch(url, { headers: { "x-fragment": "1" }, credentials: "same-origin", signal: leaving.signal });
  }

  async function load(url) {
    const answer = await ask(url);
    if (answer.status === 401) signInAgain();
    if (!answer.ok) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  async function refreshPart(id) {
    const part = document.getElementById(id);
    const source = part?.dataset.src;
    if (!source) {
      wholePage = wholePage || Boolean(part);
      return;
    }
    // A table row is parsed only inside a table; a <template> takes any.
    const answer = await ask(source);
    if (answer.status === 404) return part.remove();
    if (!answer.ok || answer.redirected) return;
    const holder = document.createElement("template");
    holder.innerHTML = await answer.text();
    const fresh = holder.content.firstElementChild;
    if (fresh) replace(part, fresh);
  }

  async function refreshPage() {
    // The answer to a form may have no address of its own to be read from again.
    if (!$("[data-part]")) return;
    const fresh = await load(location.href);
    if (!fresh) return;
    for (const part of $$("[data-part]")) {
      const next = fresh.getElementById(part.id);
      if (next) replace(part, next);
    }
  }

  // Replaces a part, keeping selection, focus and what is being typed.
  function replace(part, next) {
    // What is as it was stays: a button is not taken away under the pointer.
    if (part.isEqualNode(next)) return;
    const active = document.activeElement;
    if (part.contains(active) && active.matches("input:not([type=checkbox]), textarea, select")) return;
    const checked = new Set($$("input[name=device]:checked", part).map((box) => box.value));
    const here = $("tr.here", part)?.id ?? (part.matches("tr.here") ? part.id : "");
    const focused = part.contains(active) ? active.id || active.getAttribute("href") : "";
    const fresh = document.adoptNode(next);
    for (const box of $$("input[name=device]", fresh)) box.checked = checked.has(box.value);
    for (const field of $$("input[id]:not([type=checkbox]), textarea[id], select[id], input[name=matching]", part)) {
      const twin = $(field.id ? `#${CSS.escape(field.id)}` : "input[name=matching]", fresh);
      if (!twin) continue;
      if (field.type === "checkbox") twin.checked = field.checked;
      else if (field.value) twin.value = field.value;
    }
    part.replaceWith(fresh);
    if (here) document.getElementById(here)?.classList.add("here");
    if (focused) (document.getElementById(focused) ?? $(`a[href="${CSS.escape(focused)}"]`, fresh))?.focus();
    window.htmx?.process(fresh);
    settle();
  }

  // ---- News from the appliance ----
  function listen() {
    const lamp = $("#live");
    if (!lamp) return;
    const say = (state) => {
      if (lamp.dataset.state === state) return;
      lamp.dataset.state = state;
      lamp.textContent = state;
    };
    // What happens between the making of the page and the first line of news is not heard either.
    let lost = true;
    let source;
    const connect = () => {
      source = new EventSource("/events");
      source.addEventListener("open", () => {
        say("live");
        if (lost) refreshSoon();
        lost = false;
      });
      source.addEventListener("error", () => {
        lost = true;
        say("reconnecting");
        // A browser gives up on some answers (503 while the appliance starts): begin anew.
        if (source.readyState === EventSource.CLOSED) setTimeout(again, 2000);
      });
      source.addEventListener("touch", (event) => JSON.parse(event.data).forEach(touch));
      source.addEventListener("resync", refreshSoon);
    };
    const again = async () => {
      const answer = await ask("/fragments/tally").catch(() => null);
      if (answer?.status === 401) signInAgain();
      else connect();
    };
    connect();
    addEventListener("pagehide", () => source.close());
  }

  function refreshSoon() {
    wholePage = true;
    schedule();
  }

  // What can be scrolled must be reachable by keyboard.
  function scrollers() {
    for (const box of $$(".scroll, .prose pre, .prose table")) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    }
  }

  // ---- Times: "12 s ago" moves on ----
  function ages() {
    for (const time of $$("time[data-age]")) {
      const seconds = Math.max(0, Math.round((Date.now() - Date.parse(time.dateTime)) / 1000));
      const [step, unit] = seconds < 90 ? [1, "s"] : seconds < 5400 ? [60, "min"] : seconds < 172800 ? [3600, "h"] : [86400, "d"];
      time.textContent = `${Math.round(seconds / step)} ${unit} ago`;
    }
  }

  // ---- A policy on trial: the seconds until the kernel falls back ----
  const ends = new WeakMap();
  function countdown() {
    for (const place of $$("[data-left]")) {
      if (!ends.has(place)) ends.set(place, performance.now() + 1000 * Number(place.dataset.left));
      const left = Math.ceil((ends.get(place) - performance.now()) / 1000);
      place.textContent = Math.max(0, left);
      if (left <= 0 && left > -3) refreshSoon();
    }
  }

  // ---- Selection ----
  let anchor = null;
  const boxes = () => $$("input[name=device]");

  function count() {
    const chosen = boxes().filter((box) => box.checked).length;
    for (const place of $$("[data-count]")) place.textContent = chosen ? `${chosen} selected` : "none selected";
    const all = $("#select-all");
    if (all) {
      all.checked = chosen > 0 && chosen === boxes().length;
      all.indeterminate = chosen > 0 && !all.checked;
    }
  }

  document.addEventListener("click", (event) => {
    const box = event.target.closest?.("input[name=device]");
    if (box) {
      const list = boxes();
      const [from, to] = [list.indexOf(anchor), list.indexOf(box)];
      if (event.shiftKey && from >= 0) {
        for (const between of list.slice(Math.min(from, to), Math.max(from, to) + 1)) between.checked = box.checked;
      }
      anchor = box;
      count();
    }
    if (event.target.id === "select-all") {
      for (const each of boxes()) each.checked = event.target.checked;
      count();
    }
    if (event.target.closest?.("#theme")) toggleTheme();
    if (event.target.closest?.("[data-help]")) $("#help")?.showModal();
  });

  // A typed confirmation opens its button when it is right; the appliance checks it again.
  function confirmations() {
    for (const field of $$("input[data-expect]")) {
      const button = $("button[type=submit]", field.form);
      if (button) button.disabled = field.value.trim() !== field.dataset.expect;
    }
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches?.("input[data-expect]")) confirmations();
  });

  // A form that was sent is not sent again by a second click.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method === "get" || form.dataset.again !== undefined) return;
    leaving.abort();
    setTimeout(() => $$("button[type=submit]", form).forEach((button) => (button.disabled = true)));
  });

  // ---- Keyboard ----
  function move(step) {
    const rows = $$("tr[data-row]");
    if (!rows.length) return;
    const now = rows.findIndex((row) => row.classList.contains("here"));
    const next = rows[Math.min(rows.length - 1, Math.max(0, now < 0 ? 0 : now + step))];
    rows[now]?.classList.remove("here");
    next.classList.add("here");
    next.scrollIntoView({ block: "nearest" });
  }

  const keys = {
    "/": () => $("input[type=search]")?.focus(),
    j: () => move(1),
    k: () => move(-1),
    x: () => $("tr.here input[name=device]")?.click(),
    Enter: () => $("tr.here a")?.click(),
    "?": () => $("#help")?.showModal(),
  };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    const typing = event.target.matches?.("input:not([type=checkbox]), textarea, select");
    if (typing) {
      if (event.key === "Escape") event.target.blur();
      return;
    }
    if (event.key === "Enter" && event.target.matches?.("a, button, summary")) return;
    const act = keys[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && (wholePage || dirty.size)) schedule();
  });
  const settle = () => [ages, count, scrollers].forEach((part) => part());
  // The row that keys have chosen stays chosen when the filter's answer comes.
  let chosen = "";
  const choose = () => chosen && document.getElementById(chosen)?.classList.add("here");
  document.addEventListener("htmx:beforeSwap", () => (chosen = $("tr.here")?.id ?? ""));
  document.addEventListener("htmx:afterSwap", choose);
  document.addEventListener("htmx:afterSettle", () => {
    choose();
    chosen = "";
    settle();
  });
  addEventListener("resize", scrollers);
  document.addEventListener("DOMContentLoaded", () => {
    settle();
    confirmations();
    listen();
    setInterval(ages, 5000);
    countdown();
    setInterval(countdown, 1000);
    // A reading that changed nothing is no news, but its age is shown.
    setInterval(() => $("[data-part] time[data-age]") && refreshSoon(), 60000);
    // Sensors and requests are no news either: who looks at them gets them anew.
    setInterval(() => $("[data-often]") && refreshSoon(), 10000);
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
})();
