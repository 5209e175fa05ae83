/* Shows a password while its owner wants to see it, and how hard a new one is to guess. Without it the form works as well: the shop decides. */
(() => {
  const tools = document.querySelector("template[data-password-tools]");
  if (!tools) return;

  /* In bits, roughly: a character adds what its like would, but next to nothing where it repeats or goes on as before. */
  const bits = (characters) => {
    const kinds = [/\p{Ll}|\p{Lo}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d]/u].filter((kind) => kind.test(characters.join(""))).length;
    let count = 0;
    let before = NaN;
    characters.forEach((character, i) => {
      const step = i > 0 ? character.codePointAt(0) - characters[i - 1].codePointAt(0) : NaN;
      count += step === 0 || (step === before && Math.abs(step) === 1) ? 0.2 : 1;
      before = step;
    });
    return Math.min(count, 2 * new Set(characters).size) * (2.6 + 0.5 * Math.max(kinds - 1, 0));
  };

  /* What everybody knows of its owner is no secret. */
  const without = (password, known) => known.filter((word) => word.length > 3)
    .reduce((rest, word) => rest.toLowerCase().replaceAll(word.toLowerCase(), ""), password);

  /* 0: too short to be taken; then weak, fair, good, strong. */
  const level = (password, known) => {
    if ([...password].length < 12) return 0;
    const found = bits([...without(password, known)]);
    return 1 + [32, 44, 56].filter((enough) => found >= enough).length;
  };

  const measure = (input, meter, says) => {
    const known = [...input.form.querySelectorAll("[name=name], [type=email], #email")].flatMap((other) => other.value.split(/[@.\s]+/));
    const reached = level(input.value, known);
    const words = input.value ? tools.dataset["level" + reached] : "";
    meter.value = input.value ? reached : 0;
    if (says.textContent !== words) says.textContent = words;
  };

  document.querySelectorAll("input[type=password]").forEach((input) => {
    const part = tools.content.cloneNode(true);
    const button = part.querySelector("button");
    const strength = part.querySelector("[data-strength]");
    const show = (shown) => {
      input.type = shown ? "text" : "password";
      button.setAttribute("aria-pressed", String(shown));
    };
    button.addEventListener("click", () => show(input.type === "password"));
    input.form.addEventListener("submit", () => show(false));
    if (input.autocomplete === "new-password") {
      input.addEventListener("input", () => measure(input, strength.querySelector("meter"), strength.querySelector("output")));
    } else {
      strength.remove();
    }
    input.after(part);
  });
})();
