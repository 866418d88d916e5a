// Swaps the card for a token before the form leaves: the shop's other parts never see the card.
(() => {
  const EXPIRY = /^\s*(\d{1,2})\s*\/\s*(?:20)?(\d{2})\s*$/;
  const FIELDS = { number: "number", exp_month: "expiry", exp_year: "expiry", cvc: "cvc" };
  const SORRY = "Something went wrong and nothing was charged. Please try again.";

  const attach = (box) => {
    const form = box.closest("form");
    const button = box.querySelector("button");
    const input = (name) => box.querySelector(`[name=${name}]`);
    const ours = [...box.querySelectorAll("input:not([name=payment_method])")];

    const show = (errors) => {
      for (const place of box.querySelectorAll("[data-card-error]")) {
        const name = place.dataset.cardError;
        place.textContent = errors[name] || "";
        if (name === "form") place.hidden = !errors.form;
        else input(`card_${name}`).setAttribute("aria-invalid", name in errors);
      }
      box.querySelector('[aria-invalid="true"]')?.focus();
    };

    const reset = () => {
      button.disabled = false;
      input("payment_method").value = "";
      for (const each of ours) each.disabled = false;
    };

    const tokenise = async () => {
      const expiry = EXPIRY.exec(input("card_expiry").value);
      if (!expiry) return show({ expiry: "Enter the expiry date as MM/YY." });
      const answer = await fetch(box.dataset.cardMethods, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-CSRFToken": form.querySelector("[name=csrfmiddlewaretoken]")?.value || "",
        },
        body: JSON.stringify({
          number: input("card_number").value,
          exp_month: Number(expiry[1]),
          exp_year: 2000 + Number(expiry[2]),
          cvc: input("card_cvc").value,
        }),
      });
      const body = await answer.json();
      if (answer.ok) return body.token;
      const errors = {};
      for (const [name, [text]] of Object.entries(body.errors || {})) errors[FIELDS[name] || "form"] = text;
      show(body.errors ? errors : { form: body.detail || SORRY });
    };

    form.addEventListener("submit", async (event) => {
      if (event.submitter && event.submitter !== button) return;
      event.preventDefault();
      if (button.disabled) return;
      button.disabled = true;
      show({});
      const token = await tokenise().catch(() => show({ form: SORRY }));
      if (!token) return reset();
      input("payment_method").value = token;
      for (const each of ours) each.disabled = true; // disabled inputs are not posted
      form.setAttribute("action", box.dataset.cardAction);
      HTMLFormElement.prototype.submit.call(form); // a field may be called "submit"
    });
    // Back from the next page: the token may be spent, so the card is asked for again.
    addEventListener("pageshow", (event) => event.persisted && reset());
  };

  for (const box of document.querySelectorAll("[data-card-action]")) attach(box);
})();
