// Draws the messages of a Screen (screen.py). `vegaEmbed` comes with the bundle.
async function draw(place, spec, model) {
  const words = spec.description || "";
  const drawn = await vegaEmbed(place, spec, { renderer: "svg", actions: false, tooltip: false });
  const picture = place.querySelector("svg");
  if (picture) {
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", words);
  }
  const column = spec.usermeta && spec.usermeta.brush;
  if (column) {
    let wait;
    drawn.view.addSignalListener("brush", (_, value) => {
      clearTimeout(wait);
      wait = setTimeout(() => model.send({ kind: "brush", column, values: value[column] || [] }), 150);
    });
  }
  return drawn;
}

function render({ model, el }) {
  const drawn = {};
  const show = async (message) => {
    for (const [name, html] of Object.entries(message.parts || {})) {
      let place = el.querySelector(`[data-part="${name}"]`);
      if (!place) {
        place = document.createElement("div");
        place.setAttribute("data-part", name);
        el.appendChild(place);
      }
      if (drawn[name]) drawn[name].finalize();
      delete drawn[name];
      place.innerHTML = html;
    }
    for (const [name, spec] of Object.entries(message.charts || {})) {
      const place = el.querySelector(`[data-chart="${name}"]`);
      if (place) drawn[name] = await draw(place, spec, model);
      if (name === "main") el.setAttribute("data-drawn", String(message.number || 0)); // the bars below may follow
    }
  };
  let turn = Promise.resolve();
  const heard = (message) => {
    turn = turn.then(() => show(message)).catch((error) => { el.setAttribute("data-fault", String(error)); });
  };
  model.on("msg:custom", heard);
  model.send({ kind: "ready" });
  return () => {
    model.off("msg:custom", heard);
    Object.values(drawn).forEach((one) => one.finalize());
  };
}

export default { render };
