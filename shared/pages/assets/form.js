// Tries a check without leaving its form: what is typed stays, and what an agent finds appears beside it.
(() => {
  const doc = document;
  let round = 0, isRefused = false;
  const parsed = (html) => new DOMParser().parseFromString(html, "text/html");
  const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1e3));
  const show = (page) => {
    const old = doc.getElementById("trial"), fresh = page.getElementById("trial");
    if (!fresh) return location.reload();
    // What speaks to a screen reader has to stay, and only its content may change.
    const said = doc.getElementById("tried"), text = page.getElementById("tried");
    if (said.innerHTML !== text.innerHTML) said.replaceChildren(...text.childNodes);
    old.toggleAttribute("data-again", fresh.hasAttribute("data-again"));
    if (fresh.dataset.again) old.dataset.again = fresh.dataset.again;
  };
  const follow = async (url, own) => {
    let failed = 0, asked = 0;
    for (let again; own === round && (again = doc.getElementById("trial")?.dataset.again); ) {
      // It is there within a second, or it takes a while.
      await wait(Math.min(10, again * 0.5 * 1.1 ** asked++) * 2 ** Math.min(failed, 2));
      if (own !== round) return;
      if (doc.hidden) continue;
      try {
        const response = await fetch(url);
        if (!response.ok || response.redirected) throw response.status;
        show(parsed(await response.text()));
        failed = 0;
      } catch {
        if (++failed > 20) return;
      }
    }
  };
  const attempt = async (form, button) => {
    const own = ++round;
    const response = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form, button)) });
    const page = parsed(await response.text());
    if (own !== round) return;
    if (!page.getElementById("form")) {
      // Nobody is signed in any more, or the form is too old: a page keeps what was typed.
      isRefused = true;
      return void form.requestSubmit(button);
    }
    if (!response.ok || doc.getElementById("mistakes")) {
      doc.getElementById("main").replaceChildren(...page.getElementById("main").childNodes);
      ready();
      const mistakes = doc.getElementById("mistakes");
      (mistakes || doc.querySelector("[name=try]")).focus();
    } else {
      show(page);
      if (matchMedia("(max-width:47.99rem)").matches) doc.getElementById("trial").scrollIntoView();
    }
    if (response.redirected) follow(response.url, own);
  };
  const ready = () => {
    const form = doc.getElementById("form");
    form?.addEventListener("submit", (event) => {
      if (isRefused || event.submitter?.name !== "try") return;
      event.preventDefault();
      // Without the network, the browser says so itself.
      attempt(form, event.submitter).catch(() => location.reload());
    });
  };
  ready();
  follow(location.href, round);
})();
