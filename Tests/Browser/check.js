// Runs inside a page of `report`, or beside an SVG, in a frame of `BrowserTests`; posts what it finds to the frame's parent.
(() => {
  const faults = [];
  const fault = text => { if (faults.length < 20) faults.push(text); };
  addEventListener("error", event => fault("error: " + event.message));
  addEventListener("securitypolicyviolation", event => fault("refused: " + event.blockedURI));
  const visible = element => element.getClientRects().length > 0;

  // No two words of a picture touch, and none leaves it. Half a pixel is rounding.
  const labels = svg => {
    const view = svg.viewBox.baseVal;
    const boxes = [...svg.querySelectorAll("text")].map(text => ({text: text.textContent, box: text.getBBox()}));
    for (const {text, box} of boxes)
      if (box.x < -0.5 || box.y < -0.5 || box.x + box.width > view.width + 0.5 || box.y + box.height > view.height + 0.5) fault(`"${text}" leaves the picture`);
    boxes.forEach((one, index) => boxes.slice(index + 1).forEach(other => {
      const [a, b] = [one.box, other.box];
      if (a.x + 0.5 < b.x + b.width && b.x + 0.5 < a.x + a.width && a.y + 0.5 < b.y + b.height && b.y + 0.5 < a.y + a.height) fault(`"${one.text}" and "${other.text}" overlap`);
    }));
    return boxes.length;
  };

  const page = () => {
    const data = JSON.parse(document.getElementById("data").textContent);
    const dialog = document.querySelector("dialog"), tip = document.getElementById("tip");
    const key = (element, name) => element.dispatchEvent(new KeyboardEvent("keydown", {key: name, bubbles: true, cancelable: true}));
    const close = () => dialog.close();
    if (document.documentElement.scrollWidth > innerWidth) fault(`the page is ${document.documentElement.scrollWidth} wide in ${innerWidth}`);

    // Every number of a table, for comparison with what the program prints elsewhere.
    const tables = [...document.querySelectorAll("table")].map(table => {
      const heads = [...table.tHead.rows[0].cells].map(head => head.querySelector("button").textContent);
      const rows = section => [...section.rows].map(row => [...row.cells].map(cell => ({text: cell.textContent, value: cell.dataset.value})));
      return {title: table.getAttribute("aria-label"), heads, rows: rows(table.tBodies[0]), sums: rows(table.tFoot)};
    });

    // Sorting by each column, both ways, and back.
    for (const table of document.querySelectorAll("table")) {
      const rows = () => [...table.tBodies[0].rows];
      const before = rows();
      [...table.tHead.rows[0].cells].forEach((head, column) => {
        const button = head.querySelector("button");
        const values = () => rows().map(row => row.cells[column]).map(cell => cell.dataset.value === undefined ? (head.className === "text" ? cell.textContent : null) : Number(cell.dataset.value)).filter(value => value !== null);
        for (const direction of head.className === "text" ? ["ascending", "descending"] : ["descending", "ascending"]) {
          button.click();
          if (head.getAttribute("aria-sort") !== direction) fault(`${button.textContent}: not ${direction}`);
          const sign = direction === "ascending" ? 1 : -1, own = values();
          // A column of names is sorted by the names alone, and shows groups behind them.
          const bare = value => typeof value === "string" ? value.replace(/ \(.*/, "") : value;
          if (own.some((value, index) => index && (bare(value) < bare(own[index - 1]) ? -1 : bare(value) > bare(own[index - 1]) ? 1 : 0) * sign < 0)) fault(`${button.textContent}: wrong order`);
        }
        button.click();
        if (head.hasAttribute("aria-sort") || rows().some((row, index) => row !== before[index])) fault(`${button.textContent}: the first order does not come back`);
      });
    }

    // Filtering, and saying how many are left.
    const section = document.querySelector("table").closest("section"), input = section.querySelector("input");
    const filter = text => { input.value = text; input.dispatchEvent(new Event("input")); };
    const body = section.querySelector("tbody");
    filter("proj");
    const left = [...body.rows].filter(visible);
    if (!left.length || left.length === body.rows.length || left.some(row => !row.textContent.includes("proj"))) fault("the filter keeps other rows");
    if (section.querySelector("output").textContent !== `${left.length} of ${body.rows.length} rows`) fault("the filter counts wrong");
    filter("");
    if ([...body.rows].some(row => !visible(row))) fault("the filter does not let go");

    // A click, or Enter, on a number opens its derivation.
    const derivations = [];
    const numbers = [...document.querySelectorAll("td.open")];
    // All of them at one width.
    const step = window.name.endsWith(" 1200") ? 1 : 7;
    for (const cell of numbers.filter((_, index) => index % step === 0)) {
      cell.click();
      if (!dialog.open) { fault(`a click on ${cell.textContent} opens nothing`); break; }
      if (!dialog.querySelector("mark")) fault(`${cell.dataset.key}: nothing is marked as ${cell.dataset.quantity}`);
      const [name, quantity] = [cell.dataset.key, cell.dataset.quantity];
      if (quantity === "timeSeconds" && !derivations.some(one => one.key === name)) derivations.push({key: name, text: dialog.querySelector("h2").textContent + "\n" + dialog.querySelector("pre").textContent});
      close();
    }
    const first = body.querySelector("td[tabindex='0']");
    first.focus();
    key(first, "ArrowDown");
    const below = document.activeElement;
    if (below.parentNode !== first.parentNode.nextElementSibling || below.cellIndex !== first.cellIndex) fault("the arrow down does not go down");
    key(below, "ArrowRight");
    const beside = document.activeElement;
    if (beside !== below.nextElementSibling) fault("the arrow right does not go right");
    key(beside, "Enter");
    if (!dialog.open) fault("Enter opens no derivation");
    close();
    for (const button of document.querySelectorAll("#verdict button")) {
      button.click();
      if (!dialog.open) fault("a verdict has no derivation");
      close();
    }

    // Pointing at a mark says what the document says; a click on an operator opens its derivation.
    let words = 0, marks = 0;
    for (const svg of [...document.querySelectorAll("#pictures svg")].filter(visible)) {
      words += labels(svg);
      for (const mark of svg.querySelectorAll("[data-tip]")) {
        marks++;
        mark.dispatchEvent(new PointerEvent("pointermove", {bubbles: true, clientX: 9, clientY: 9}));
        const own = data.tips[mark.dataset.tip];
        if (!visible(tip) || !tip.textContent.startsWith([own.heading, ...own.facts.map(fact => fact.join(" "))].join("\n"))) fault(`${own.heading}: another tip`);
        const box = tip.getBoundingClientRect();
        if (box.left < 0 || box.right > innerWidth + 0.5) fault(`${own.heading}: its tip leaves the page`);
        if (!mark.getAttribute("aria-label").startsWith(own.heading)) fault(`${own.heading}: no words for a screen reader`);
        mark.dispatchEvent(new MouseEvent("click", {bubbles: true}));
        if (dialog.open !== Boolean(own.row)) fault(`${own.heading}: a click ${dialog.open ? "opens" : "does not open"} a derivation`);
        if (dialog.open) close();
      }
      const [one, two] = svg.querySelectorAll("[data-tip]");
      one.focus();
      key(one, "ArrowRight");
      if (document.activeElement !== two) fault("an arrow does not lead to the next mark");
      svg.dispatchEvent(new PointerEvent("pointerleave"));
      if (visible(tip)) fault("the tip stays");
    }
    return {words, marks, tables, derivations};
  };

  addEventListener("load", () => setTimeout(() => {
    let found = {};
    try {
      found = document.getElementById("data") ? page() : {words: labels(document.querySelector("svg"))};
    } catch (error) { fault("the check fails: " + error.stack); }
    parent.postMessage({name: window.name, dark: matchMedia("(prefers-color-scheme: dark)").matches, faults, ...found}, "*");
  }));
})();
