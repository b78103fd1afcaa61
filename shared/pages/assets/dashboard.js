// Keeps a page of the dashboard fresh: the overview by what has changed, or by its parts named data-fresh if it has other
// rows; other pages by their parts alone.
(() => {
  const doc = document, head = doc.getElementById("head"), off = doc.getElementById("off");
  const parts = () => [...doc.querySelectorAll("[data-fresh]")];
  if (!off || (!head && !parts().length)) return;
  const forms = { d: { dateStyle: "medium", timeStyle: "short" }, t: { timeStyle: "short" }, h: { timeStyle: "short", hourCycle: "h23" }, s: { timeStyle: "medium", hourCycle: "h23" } };
  const time = (form, at) => new Intl.DateTimeFormat(doc.documentElement.lang, forms[form]).format(at);
  // The frame's script does this once; times in a picture are ours.
  const local = (part) => part.querySelectorAll("[data-l]").forEach((each) => { each.textContent = time(each.dataset.l, new Date(each.dateTime || each.dataset.at)); });
  doc.querySelectorAll("figure").forEach(local);
  const said = off.textContent;
  let since = head && head.dataset.since, failed = 0, failedAt;
  const put = (old, fresh) => {
    const open = [...old.querySelectorAll("details[open]")].map((each) => each.id);
    const focus = old.contains(doc.activeElement) && (doc.activeElement.id || doc.activeElement.href);
    old.replaceChildren(...fresh.childNodes);
    local(old);
    open.forEach((id) => { const each = id && doc.getElementById(id); if (each) each.open = true; });
    if (focus) [...old.querySelectorAll("a,button,summary")].find((each) => each.id === focus || each.href === focus)?.focus();
  };
  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");
  const changes = async () => {
    const response = await fetch(`${head.dataset.changes}&since=${encodeURIComponent(since)}`);
    if (response.redirected) return location.reload();
    if (!response.ok) throw response.status;
    const news = await response.json();
    // The page as a whole, part by part: a reload would take away what somebody types into the search.
    if (news.reload) return whole();
    since = news.since;
    doc.title = news.title;
    const fresh = parsed(news.head).body;
    put(head, fresh);
    put(doc.getElementById("counts"), parsed(news.counts).body);
    doc.querySelector(".brand svg").replaceWith(parsed(news.mark).querySelector("svg"));
    seconds = news.poll;
    for (const [id, html] of Object.entries(news.rows)) {
      const row = doc.getElementById(`m${id}`);
      if (!row) continue;
      const other = parsed(`<table><tbody>${html}</table>`).querySelector("tr");
      if (row.cells[0].className !== other.cells[0].className) row.className = "new";
      put(row, other);
    }
  };
  const whole = async () => {
    const response = await fetch(location.href);
    if (response.redirected || response.status === 404) return location.reload();
    if (!response.ok) throw response.status;
    const page = parsed(await response.text());
    for (const part of parts()) {
      const fresh = page.getElementById(part.id);
      if (!fresh) return location.reload();
      if (!part.contains(doc.activeElement) || !doc.activeElement.matches("input,textarea,select")) put(part, fresh);
    }
    doc.title = page.title;
    doc.querySelector(".brand svg").replaceWith(page.querySelector(".brand svg"));
    if (!head) return;
    ({ since, poll: seconds } = page.getElementById("head").dataset);
  };
  let seconds = Number((head || parts()[0]).dataset.poll || 10);
  const go = async () => {
    try {
      if (!doc.hidden) {
        await (head ? changes() : whole());
        failed = 0;
        off.textContent = said;
      }
    } catch {
      if (!failed++) failedAt = new Date();
      if (failed > 2) off.textContent = off.dataset.say.replace("{time}", time("t", failedAt));
    }
    setTimeout(go, Math.min(60, seconds * 2 ** Math.min(failed, 3)) * (0.9 + Math.random() * 0.2) * 1e3);
  };
  setTimeout(go, seconds * 1e3);
})();
