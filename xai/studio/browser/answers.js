// A stage's answers: what each network says, how sure it is of each class, and how far a slow method is.
studio.answers = (element, props, trigger) => {
    const {make, say, address} = studio, LISTED = {columns: 6, rows: 3};

    const percent = (share) => `${share > 0 && share < 0.005 ? "<1" : Math.round(100 * share)}%`;

    // Where the truth is known: a tick at the true class, a cross at an answer that is wrong.
    const makeMark = (panel, row) => {
        const mark = (kind, sign) =>
            make("i", {class: kind, role: "img", "aria-label": say(`view.${kind}_class`)}, sign);
        if (!panel.truth) return "";
        if (row.key === panel.truth) return mark("right", "✓");
        return row === panel.classes[0] ? mark("wrong", "✗") : "";
    };

    const makeRow = (panel, row) => make("button", {
        type: "button", class: "class", "aria-pressed": String(row.key === panel.explained), "--share": row.confidence,
        "data-focus": `class-${panel.key}-${row.key}`, title: say("view.choose_class"),
        onclick: () => { address.put("class", row.key); trigger("choose", {name: row.key}); },
    }, makeMark(panel, row), make("span", {class: "name"}, row.name), make("span", {class: "percent"},
        row.before !== undefined && make("s", {"aria-label": say("view.before")}, percent(row.before)),
        percent(row.confidence)));

    const makeAnswer = (panel, p) => make("div", {class: "answer", "data-key": panel.key, "--order": 2 * p + 1},
        make("h3", {}, panel.name), make("p", {class: "progress", "data-part": "progress", "aria-live": "polite"}),
        panel.note.map((line) => make("p", {class: "note"}, line)),
        make("div", {class: "classes", role: "group", "aria-label": `${panel.name}: ${say("confidences")}`},
            panel.classes.slice(0, panel.listed ?? LISTED[props.value.shape]).map((row) => makeRow(panel, row))));

    const makeAll = () => props.value.panels.map(makeAnswer);

    const showProgress = () => element.querySelectorAll(".answer").forEach((answer) => {
        const line = props.progress?.[answer.dataset.key] ?? "";
        studio.part(answer, "progress").textContent = line;
        answer.classList.toggle("busy", Boolean(line));  // the note says that it has still to begin
    });

    return {makeAll, showProgress};
};
