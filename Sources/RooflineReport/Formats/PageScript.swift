/// What a page does: it shows its JSON, and lets one sort, filter, point and ask. Numbers become text as in `Numbers`.
enum PageScript {
  static let text = #"""
    "use strict";
    (() => {
    const data = JSON.parse(document.getElementById("data").textContent);
    const page = document.getElementById("page"), tip = document.getElementById("tip");
    const make = (name, attributes, ...children) => {
      const element = document.createElement(name);
      for (const [key, value] of Object.entries(attributes || {})) element.setAttribute(key, value);
      for (const child of children) element.append(child);
      return element;
    };

    // Numbers as text.
    const even = x => { const floor = Math.floor(x), rest = x - floor; return rest < .5 ? floor : rest > .5 ? floor + 1 : floor % 2 ? floor + 1 : floor; };
    const fixed = (value, decimals) => (even(value * 10 ** decimals) / 10 ** decimals).toFixed(decimals);
    const scaled = value => {
      if (Math.abs(value) < 1000 && Number.isInteger(value)) return String(value);
      for (const [factor, prefix] of [[1, ""], [1e3, " K"], [1e6, " M"], [1e9, " G"], [1e12, " T"], [1e15, " P"]])
        if (even(Math.abs(value) / factor * 100) < 100000) return fixed(value / factor, 2) + prefix;
      return fixed(value / 1e18, 2) + " E";
    };
    const time = value => {
      for (const [factor, unit] of [[1e-9, " ns"], [1e-6, " µs"], [1e-3, " ms"]])
        if (even(Math.abs(value) / factor * 100) < 100000) return fixed(value / factor, 2) + unit;
      return fixed(value, 2) + " s";
    };
    const texts = {
      text: value => String(value), count: scaled, integer: value => String(value), ratio: value => fixed(value, 2),
      rate: scaled, time, share: value => fixed(value * 100, 1), percent: value => fixed(value * 100, 1)
    };
    const at = (entry, path) => path.split(".").reduce((value, key) => value == null ? null : value[key], entry);
    const value = (column, entry, whole) => {
      if (column.kind === "share") {
        const own = at(entry, column.paths[0]);
        return own == null || !whole || entry.isEngine ? null : own * (entry.occurrences || 1) / whole;
      }
      const values = column.paths.map(path => at(entry, path));
      if (values.some(one => one == null)) return null;
      return column.kind === "text" ? values[0] : values.reduce((sum, one) => sum + one, 0);
    };

    // Derivations.
    const dialog = document.getElementById("derivation"), pre = dialog.querySelector("pre");
    let opener = null;
    const derivation = key => {
      const {lines, paragraphs, texts, terms} = data.derivations;
      const line = number => Array.isArray(lines[number]) ? lines[number].map(term => terms[term]).join(" + ") : lines[number];
      return texts[key] && texts[key].flatMap((number, place) => [...(place ? [""] : []), ...paragraphs[number].map(line)]);
    };
    const open = (key, quantity, element) => {
      const all = derivation(key);
      if (!all) return;
      hide();
      opener = element;
      dialog.querySelector("h2").textContent = all[0];
      pre.textContent = "";
      let marked = null;
      for (const line of all.slice(1)) {
        if (quantity && line.startsWith(quantity)) {
          const mark = make("mark", {}, line);
          marked = marked || mark;
          pre.append(mark, "\n");
        } else pre.append(line + "\n");
      }
      dialog.showModal();
      pre.scrollTop = marked ? Math.max(0, marked.offsetTop - pre.offsetTop - 40) : 0;
    };
    dialog.addEventListener("close", () => { if (opener) opener.focus(); });
    dialog.addEventListener("click", event => { if (event.target === dialog) dialog.close(); });

    // Tables.
    const cell = (column, entry, whole, key) => {
      const raw = value(column, entry, whole);
      const isName = column.kind === "text" && column.paths[0] === "name";
      const text = raw == null ? (column.kind === "text" || entry.isSum ? "" : "–") : texts[column.kind](raw);
      const shown = isName && entry.group ? `${text} (${entry.group})` : text;
      const element = make(isName ? "th" : "td", {}, shown);
      if (isName) element.scope = "row";
      if (column.kind === "text") element.classList.add("text");
      if (raw != null && column.kind !== "text") element.dataset.value = raw;
      if (raw != null && !isName && column.quantity && key && data.derivations.texts[key]) {
        element.classList.add("open");
        element.dataset.key = key;
        element.dataset.quantity = column.quantity;
      }
      element.tabIndex = -1;
      return element;
    };
    let tables = 0;
    const table = (title, columns, entries, sums, keys, whole) => {
      const id = `table-${tables++}`;
      const rows = entries.map((entry, index) => {
        const row = make("tr", {}, ...columns.map(column => cell(column, entry, whole, keys(entry, index))));
        return {row, values: columns.map(column => value(column, entry, whole)), index, words: [...row.cells].map(one => one.textContent.toLowerCase()).join(" ")};
      });
      const body = make("tbody", {}, ...rows.map(one => one.row));
      const output = make("output", {class: "quiet", "aria-live": "polite"}, `${rows.length} rows`);
      let order = {column: -1, sign: 1};
      const heads = columns.map((column, index) => {
        const button = make("button", {type: "button"}, column.title);
        const head = make("th", {scope: "col", class: column.kind === "text" ? "text" : ""}, button, make("small", {}, column.unit));
        button.addEventListener("click", () => {
          order = order.column === index ? (order.sign === (column.kind === "text" ? 1 : -1) ? {column: index, sign: -order.sign} : {column: -1, sign: 1}) : {column: index, sign: column.kind === "text" ? 1 : -1};
          const least = (a, b) => {
            if (order.column < 0) return a.index - b.index;
            const [left, right] = [a.values[order.column], b.values[order.column]];
            if (left == null || right == null) return (left == null) - (right == null) || a.index - b.index;
            return (left < right ? -1 : left > right ? 1 : 0) * order.sign || a.index - b.index;
          };
          body.append(...[...rows].sort(least).map(one => one.row));
          heads.forEach((other, place) => place === order.column ? other.setAttribute("aria-sort", order.sign < 0 ? "descending" : "ascending") : other.removeAttribute("aria-sort"));
        });
        return head;
      });
      const input = make("input", {type: "search", placeholder: "filter rows", "aria-label": `filter the rows of ${title}`, "aria-controls": id});
      input.addEventListener("input", () => {
        const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
        let count = 0;
        for (const one of rows) {
          one.row.hidden = !words.every(word => one.words.includes(word));
          if (!one.row.hidden) count++;
        }
        output.textContent = count === rows.length ? `${count} rows` : `${count} of ${rows.length} rows`;
      });
      const foot = make("tfoot", {}, ...sums.map(sum => make("tr", {}, ...columns.map(column => cell(column, sum.entry, whole, sum.key)))));
      const element = make("table", {id, "aria-label": title}, make("thead", {}, make("tr", {}, ...heads)), body, foot);
      const first = body.querySelector("td");
      if (first) first.tabIndex = 0;
      const act = target => { if (target && target.dataset.key) open(target.dataset.key, target.dataset.quantity, target); };
      element.addEventListener("click", event => act(event.target.closest("td")));
      element.addEventListener("keydown", event => {
        const own = event.target.closest("tbody td,tbody th,tfoot td,tfoot th");
        if (!own) return;
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(own); return; }
        const [across, down] = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key] || [0, 0];
        if (!across && !down) return;
        event.preventDefault();
        const shown = [...element.querySelectorAll("tbody tr,tfoot tr")].filter(row => !row.hidden);
        const next = shown[shown.indexOf(own.parentNode) + down]?.cells[own.cellIndex + across];
        if (next) { own.tabIndex = -1; next.tabIndex = 0; next.focus(); }
      });
      return make("section", {}, make("div", {class: "head"}, make("h3", {}, title), input, output), make("div", {class: "scroll"}, element));
    };
    const sum = (name, total, times) => ({name, occurrences: times, timeSeconds: total.timeSeconds, flops: total.flops, bytes: total.bytes, wireBytes: total.wireBytes, isSum: true});
    const pass = (title, phase, index) => {
      const whole = phase.model.timeSeconds;
      const layers = phase.groups ? phase.groups.map((group, place) => ({entry: sum(`layer (${group.name})`, group.layer, group.layers), key: `${index}/group/${place}`})) : [{entry: sum("layer", phase.layer, null), key: `${index}/layer`}];
      if (!phase.groups) layers[0].entry.occurrences = undefined;
      const engine = phase.engine ? [...phase.engine.parts.map(part => ({...part, name: `engine: ${part.name}`})), {name: "pass", seconds: phase.engine.timeSeconds}].map(part => ({entry: {name: part.name, timeSeconds: part.seconds, isSum: true, isEngine: true}, key: `${index}/engine`})) : [];
      return table(title, data.columns, phase.operators, [...layers, {entry: sum("model", phase.model, 1), key: `${index}/model`}, ...engine], (entry, row) => `${index}/${row}`, whole);
    };

    // Tips.
    const hide = () => { tip.hidden = true; };
    const show = (element, x, y) => {
      const own = data.tips[element.dataset.tip];
      tip.textContent = [own.heading, ...own.facts.map(fact => fact.join(" "))].join("\n") + (own.row ? "\nclick: derivation" : "");
      tip.hidden = false;
      const box = tip.getBoundingClientRect();
      tip.style.left = Math.max(4, Math.min(x + 12, innerWidth - box.width - 4)) + "px";
      tip.style.top = Math.max(4, y + 16 + box.height > innerHeight ? y - box.height - 10 : y + 16) + "px";
    };
    const picture = figure => {
      const element = make("figure", {id: `figure-${figure.kind}`});
      for (const width of ["wide", "narrow"]) {
        const layout = figure[width];
        const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
        for (const [key, own] of Object.entries({class: `figure ${width}`, width: layout.width, height: layout.height, viewBox: `0 0 ${layout.width} ${layout.height}`, role: "group", "aria-label": `${figure.title}. ${figure.description}`})) svg.setAttribute(key, own);
        svg.innerHTML = layout.body;
        const marks = [...svg.querySelectorAll("[data-tip]")];
        marks.forEach((mark, index) => {
          const own = data.tips[mark.dataset.tip];
          mark.setAttribute("tabindex", index ? -1 : 0);
          mark.setAttribute("role", own.row ? "button" : "img");
          mark.setAttribute("aria-label", [own.heading, ...own.facts.map(fact => fact.join(" "))].join(", "));
          if (own.row) mark.classList.add("open");
        });
        const act = mark => { const own = mark && data.tips[mark.dataset.tip]; if (own && own.row) open(own.row, "timeSeconds", mark); };
        svg.addEventListener("pointermove", event => { const mark = event.target.closest("[data-tip]"); mark ? show(mark, event.clientX, event.clientY) : hide(); });
        svg.addEventListener("pointerleave", hide);
        svg.addEventListener("focusin", event => { const box = event.target.getBoundingClientRect(); show(event.target, box.right, box.bottom); });
        svg.addEventListener("focusout", hide);
        svg.addEventListener("click", event => act(event.target.closest("[data-tip]")));
        svg.addEventListener("keydown", event => {
          const index = marks.indexOf(event.target);
          if (index < 0) return;
          if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(event.target); return; }
          const step = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
          const next = step && marks[index + step];
          if (!next) return;
          event.preventDefault();
          event.target.setAttribute("tabindex", -1);
          next.setAttribute("tabindex", 0);
          next.focus();
        });
        element.append(svg);
      }
      return element;
    };

    // The page.
    const section = (id, title, ...children) => make("section", {id}, make("h2", {}, title), ...children);
    const parts = [];
    parts.push(section("verdict", "Verdict", make("ul", {class: "cards"}, ...data.verdict.map(one => {
      const item = make("li", {}, one.label, make("b", {}, one.text), make("span", {class: "quiet"}, one.detail));
      if (one.derivation && data.derivations.texts[one.derivation]) {
        const button = make("button", {type: "button", "aria-label": `derivation of ${one.label}`}, "why");
        button.addEventListener("click", () => open(one.derivation, one.derivation === "footprint" ? "total" : "timeSeconds", button));
        item.append(make("div", {}, button));
      }
      return item;
    }))));
    const passes = data.analysis.phases.map((phase, index) => pass(phase.phase, phase, index));
    if (data.analysis.vision) {
      const vision = data.analysis.vision;
      passes.push(table("vision tower", data.columns, vision.operators, [{entry: sum("all rows", vision.total, 1), key: ""}], (entry, row) => `vision/${row}`, vision.total.timeSeconds));
    }
    if (data.footprint) {
      const device = data.footprint.footprint.perDevice;
      const columns = [{title: "part", unit: "", kind: "text", paths: ["name"], quantity: ""}, {title: "bytes", unit: "B", kind: "count", paths: ["bytes"], quantity: "bytes"}];
      const entries = ["weights", "kvCache", "indexKeys", "state", "convolutionState", "pagePadding", "draft", "activations", "logits", "reserve"].filter(name => device[name]).map(name => ({name, bytes: device[name]}));
      const memory = table("memory of the GPU that needs most", columns, entries, [{entry: {name: "needed", bytes: device.total, isSum: true}, key: "footprint"}, {entry: {name: "there is", bytes: data.footprint.hardware.memoryBytes, isSum: true}, key: "footprint"}], () => "footprint", null);
      memory.querySelectorAll("td.open").forEach(one => { one.dataset.quantity = {needed: "total", "there is": "freeBytes"}[one.parentNode.cells[0].textContent] || one.parentNode.cells[0].textContent; });
      passes.push(memory);
    }
    parts.push(section("tables", "Tables", make("p", {class: "quiet"}, "A row is one occurrence on one device. Click a number, or press Enter on it, for its derivation; click a column's name to sort."), ...passes));
    parts.push(section("pictures", "Pictures", make("div", {class: "figures"}, ...data.figures.map(picture))));
    if (data.comparison) {
      const columns = [["row", "text", "name"], ["predicted", "time", "predictedSeconds"], ["measured", "time", "measuredSeconds"], ["least", "time", "leastSeconds"], ["most", "time", "mostSeconds"], ["error %", "share", "error"], ["measurements", "integer", "measurements"]]
        .map(([title, kind, path]) => ({title, unit: "", kind: kind === "share" ? "percent" : kind, paths: [path], quantity: path === "predictedSeconds" ? "timeSeconds" : ""}));
      parts.push(section("comparison", "Predicted and measured", data.comparison.length ? table("rows that were measured", columns, data.comparison, [], entry => entry.derivation, null) : make("p", {}, "None of the rows was measured.")));
    }
    if (data.analysis.notices.length) parts.push(section("notes", "Notes", make("ul", {}, ...data.analysis.notices.map(notice => make("li", {}, notice)))));
    parts.push(section("inputs", "Inputs", make("dl", {}, ...data.inputs.flatMap(([name, text]) => [make("dt", {}, name), make("dd", {}, text)]))));
    page.textContent = "";
    page.append(make("h1", {}, data.title), make("p", {class: "quiet"}, data.subtitle),
      make("nav", {"aria-label": "parts of the page"}, ...parts.map(part => make("a", {href: `#${part.id}`}, part.querySelector("h2").textContent))), ...parts);
    document.addEventListener("keydown", event => { if (event.key === "Escape") hide(); });
    })();

    """#
}
