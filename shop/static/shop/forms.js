// What the shop could not do by a form that a script sent is shown as without scripts: on the page
// of the error. Fragments that are only asked for now and then (GET) try again by themselves.
document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const told = [422, 429].includes(detail.xhr.status); // in the form itself
  if (detail.xhr.status < 400 || told || detail.requestConfig.verb === "get") return;
  Object.assign(detail, { shouldSwap: true, isError: false, target: document.body, swapOverride: "innerHTML" });
});

document.addEventListener("htmx:sendError", ({ detail }) => {
  if (detail.requestConfig.verb === "get") return;
  const told = document.createElement("div");
  told.className = "notice error";
  told.textContent = "The shop is out of reach. Please try again in a moment.";
  document.getElementById("messages").replaceChildren(told);
});
