/* Only makes quicker what already works without it. */
(() => {
  const every = (selector, run) => document.querySelectorAll(selector).forEach(run);

  /* The price follows the chosen variant. */
  const price = document.querySelector("[data-price] strong");
  every("[data-price-text]", (radio) => radio.addEventListener("change", () => {
    if (price) price.textContent = radio.dataset.priceText;
  }));

  /* Ask before what cannot be undone; send a form marked "once" only once. */
  document.addEventListener("submit", (event) => {
    const button = event.submitter;
    if (!button) return;
    if (button.dataset.confirm && !window.confirm(button.dataset.confirm)) {
      event.preventDefault();
      return;
    }
    if ("once" in button.dataset) {
      if (button.getAttribute("aria-disabled")) event.preventDefault();
      button.setAttribute("aria-disabled", "true");
    }
  });
  window.addEventListener("pageshow", () => every("[data-once]", (button) => button.removeAttribute("aria-disabled")));

  /* Suggestions while typing. */
  every("[data-suggest]", (input) => {
    let timer;
    let asked = "";
    input.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(async () => {
        const words = input.value.trim();
        if (words.length < 2 || words === asked) return;
        asked = words;
        try {
          const answer = await fetch(input.dataset.suggest + "?q=" + encodeURIComponent(words), { credentials: "omit" });
          if (!answer.ok || words !== asked) return;
          const { queries = [] } = await answer.json();
          input.list.replaceChildren(...queries.slice(0, 8).map((query) => {
            const option = document.createElement("option");
            option.value = query.text || query;
            return option;
          }));
        } catch { /* searching works without */ }
      }, 150);
    });
  });
})();
