(() => {
  "use strict";
  const collator = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const status = document.querySelector("[role=status]");
  const next = { none: "ascending", ascending: "descending", descending: "none" };

  // Returns rows in order; what has no value stands last in both directions.
  function sorted(rows, column, order) {
    if (order === "none") return rows;
    const cells = new Map(rows.map((row) => [row, row.cells[column]]));
    const numbers = rows.some((row) => "value" in cells.get(row).dataset);
    const key = (row) => {
      const cell = cells.get(row);
      if (numbers) return "value" in cell.dataset ? Number(cell.dataset.value) : null;
      const text = cell.querySelector(".text").textContent.trim();
      return text === "" || text === "–" ? null : text;
    };
    const keys = new Map(rows.map((row) => [row, key(row)]));
    const sign = order === "ascending" ? 1 : -1;
    return [...rows].sort((first, second) => {
      const [a, b] = [keys.get(first), keys.get(second)];
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * (numbers ? (a > b) - (a < b) : collator.compare(a, b));
    });
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const heads = [...table.tHead.rows[0].cells];
    heads.forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      head.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const order = next[head.getAttribute("aria-sort")];
        for (const other of heads) other.setAttribute("aria-sort", "none");
        head.setAttribute("aria-sort", order);
        body.append(...sorted(rows, column, order));
        status.textContent = order === "none" ? "Rows in their first order."
          : `Rows by ${button.textContent.trim()}, ${order}.`;
      });
    });
  }

  // A table that fits keeps its head in sight; one that does not fades where it goes on.
  for (const box of document.querySelectorAll(".scroll")) {
    const look = () => {
      const fits = box.scrollWidth <= box.clientWidth + 1;
      const rest = box.scrollWidth - box.clientWidth - box.scrollLeft;
      box.classList.toggle("fits", fits);
      box.classList.toggle("more", !fits && rest > 1);
      box.classList.toggle("moved", box.scrollLeft > 1);
      box.tabIndex = fits ? -1 : 0;
    };
    box.addEventListener("scroll", look, { passive: true });
    new ResizeObserver(look).observe(box);
    look();
  }
})();
