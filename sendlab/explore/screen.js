// Draws the messages of a Screen (screen.py). `vegaEmbed` comes with the bundle.

// A chart in an element of its own that is not on the page yet, so that nobody meets it half drawn.
async function draw(spec, model) {
  const holder = document.createElement("div");
  const chart = await vegaEmbed(holder, spec, { renderer: "svg", actions: false, tooltip: false });
  const picture = holder.querySelector("svg");
  for (const mark of picture.querySelectorAll("[role^=graphics]")) { // the picture has one text for all of it
    mark.removeAttribute("role");
    mark.removeAttribute("aria-roledescription");
  }
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", spec.description || "");
  const column = spec.usermeta && spec.usermeta.brush;
  if (column) {
    let wait;
    chart.view.addSignalListener("brush", (_, value) => {
      clearTimeout(wait);
      wait = setTimeout(() => model.send({ kind: "brush", column, values: value[column] || [] }), 150);
    });
  }
  return { holder, chart };
}

function render({ model, el }) {
  const onView = {}; // charts by name
  const put = (name, made) => {
    const place = el.querySelector(`[data-chart="${name}"]`);
    if (onView[name]) onView[name].chart.finalize();
    onView[name] = made;
    if (place) place.replaceChildren(made.holder);
  };
  const show = async ({ parts = {}, charts = {}, number = 0 }) => {
    const [first, ...rest] = Object.entries(charts);
    const made = first ? await draw(first[1], model) : null;
    for (const [name, html] of Object.entries(parts)) {
      let place = el.querySelector(`[data-part="${name}"]`);
      if (!place) {
        place = document.createElement("div");
        place.setAttribute("data-part", name);
        el.appendChild(place);
      }
      place.innerHTML = html;
    }
    if (first) put(first[0], made);
    el.setAttribute("data-drawn", String(number));
    for (const [name, spec] of rest) put(name, await draw(spec, model)); // bars below the chart may follow it
  };
  let turn = Promise.resolve();
  const heard = (message) => {
    turn = turn.then(() => show(message)).catch((error) => { el.setAttribute("data-fault", String(error)); });
  };
  model.on("msg:custom", heard);
  model.send({ kind: "ready" });
  return () => {
    model.off("msg:custom", heard);
    Object.values(onView).forEach(({ chart }) => chart.finalize());
  };
}

export default { render };
