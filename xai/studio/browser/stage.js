// The stage: a photo, networks' maps over it, and their answers. What changes how it looks changes it here, at once;
// what has to be asked goes to Python by `trigger`. Python sends `value` (see stage.py): a photo, panels, a verdict.
studio.stage = (element, props, trigger, watch) => {
    const {make, say, maps} = studio, root = element.querySelector(".stage");
    const VIEWS = ["heat", "regions", "slider", "photo"], LISTED = {columns: 6, rows: 3};
    const address = studio.address ?? {get: () => null, put: () => null};
    const look = {view: "heat", opacity: 50, colormap: "turbo", box: false, common: false, shown: 0, pair: null, line: 50};
    const remembered = address.get("look");
    if (VIEWS.includes(remembered)) look.view = remembered;
    let lastShape = null;

    const getPictures = () => props.value.panels.flatMap((panel, p) =>
        panel.maps.map((map, m) => ({panel, p, m, ...map, name: map.title ? `${panel.brief} · ${map.title}` : panel.brief})));

    // The values shown as none and as the most: a map's own, or those of all maps.
    const getRange = (picture) => {
        if (!look.common) return [picture.map.low, picture.map.high];
        const all = getPictures().filter((each) => each.map);
        return [Math.min(...all.map((each) => each.map.low)), Math.max(...all.map((each) => each.map.high))];
    };

    const paintHeat = (canvas, picture) =>
        picture.map && maps.paint(canvas, picture.map, props.value.size, look.colormap, getRange(picture));

    // --- what a picture is made of
    const makePhoto = (panel, grey) => make("img", {
        class: grey ? "photo grey" : "photo", src: (panel?.hidden ?? props.value.photo).url, alt: "", draggable: "false",
    });
    const makeBox = (picture) => picture.box && look.box && look.view === "heat" && make("span", {
        class: "box", "--left": picture.box[0], "--top": picture.box[1], "--right": picture.box[2], "--bottom": picture.box[3],
    });
    const makeLayers = (picture, view = look.view) => {
        const canvas = make("canvas", {class: `map ${view}`});
        if (view === "heat" && picture.map) paintHeat(canvas, picture);
        if (view === "regions" && picture.panel.regions) maps.paintRegions(canvas, picture.panel.regions, props.value.size);
        const bare = view === "photo" || (view === "heat" && !picture.map) || (view === "regions" && !picture.panel.regions);
        return [makePhoto(picture.panel, view === "regions" && !bare), !bare && canvas, makeBox(picture)];
    };
    const describe = (picture) => [picture.name, picture.caption, picture.map ? "" : say("view.no_map")]
        .filter(Boolean).join(". ");

    const makePicture = (picture, index) => {
        const layers = make("div", {class: "layers"}, makeLayers(picture));
        const open = () => studio.enlarge(describe(picture), props.value.size, makeLayers(picture), look.opacity / 100);
        const frame = element.brush?.on
            ? make("div", {class: "frame"}, layers)
            : make("button", {class: "frame", type: "button", "aria-label": `${describe(picture)}. ${say("view.enlarge")}`,
                              "data-focus": `picture-${index}`, onclick: open}, layers);
        element.brush?.cover(layers);
        const caption = look.view === "regions" ? makeLegend(picture.panel.regions) : picture.caption;
        return make("figure", {class: "picture", "data-shown": String(index === look.shown), "--order": 2 * picture.p},
            frame, make("figcaption", {},
                picture.title && make("b", {}, picture.title), caption && make("span", {class: "caption"}, caption)));
    };

    const makeLegend = (regions) => regions && make("span", {class: "legend"}, regions.names.map((name, i) =>
        make("span", {}, make("i", {"--color": `rgb(${regions.colors[i].join(" ")})`}), name)));

    // Two pictures in one, divided by a line that can be dragged.
    const makeSlider = () => {
        const pictures = getPictures(), bare = {name: say("view.photo"), panel: {regions: null}, map: null, photo: true};
        const choices = [...pictures, bare];
        look.pair ??= pictures.length > 1 ? [getMain(0), getMain(-1)] : [0, 1];
        const pair = look.pair.map((i) => choices[Math.min(i, choices.length - 1)]);
        const sides = pair.map((picture, i) => make("div", {class: `side side-${i}`},
            makeLayers(picture, picture.photo ? "photo" : "heat")));
        const layers = make("div", {class: "layers", "--line": `${look.line}%`}, sides, make("span", {class: "line"}));
        const range = make("input", {type: "range", class: "divider", min: 0, max: 100, value: look.line,
            "aria-label": say("view.divider"), "data-focus": "divider", oninput: (event) => {
                look.line = Number(event.target.value);
                layers.style.setProperty("--line", `${look.line}%`);
            }});
        layers.append(range);
        const menus = pair.map((_, i) => make("select", {"aria-label": say(i ? "view.right" : "view.left"), "data-focus": `pair-${i}`,
            onchange: (event) => { look.pair[i] = Number(event.target.value); draw(); }},
            choices.map((picture, k) => make("option", {value: k, selected: k === look.pair[i]}, picture.name))));
        return make("figure", {class: "picture alone"}, make("div", {class: "frame"}, layers),
            make("figcaption", {class: "pair"}, menus));
    };

    // The index of the picture that stands for the first or the last panel that has one: its last map that is one.
    const getMain = (end) => {
        const pictures = getPictures(), panel = pictures.at(end)?.p ?? 0;
        return pictures.findLastIndex((picture) => picture.p === panel && !picture.aside);
    };

    // --- answers
    const makeRow = (panel, row) => make("button", {
        type: "button", class: "class", "aria-pressed": String(row.key === panel.explained), "--share": row.confidence,
        "data-focus": `class-${panel.key}-${row.key}`, title: say("view.choose_class"),
        onclick: () => { address.put("class", row.key); trigger("choose", {name: row.key}); },
    }, getMark(panel, row), make("span", {class: "name"}, row.name), make("span", {class: "percent"},
        row.before !== undefined && make("s", {"aria-label": say("view.before")}, percent(row.before)), percent(row.confidence)));
    // Where the truth is known: a tick at the true class, a cross at an answer that is wrong.
    const getMark = (panel, row) => {
        if (!panel.truth) return "";
        if (row.key === panel.truth) return make("i", {class: "right", role: "img", "aria-label": say("view.right_class")}, "✓");
        return row === panel.classes[0] ? make("i", {class: "wrong", role: "img", "aria-label": say("view.wrong_class")}, "✗") : "";
    };
    const percent = (share) => `${share > 0 && share < 0.005 ? "<1" : Math.round(100 * share)}%`;
    const makeAnswer = (panel, p) => make("div", {class: "answer", "data-key": panel.key, "--order": 2 * p + 1},
        make("h3", {}, panel.name), make("p", {class: "progress", "data-part": "progress", "aria-live": "polite"}),
        panel.note.map((line) => make("p", {class: "note"}, line)),
        make("div", {class: "classes", role: "group", "aria-label": `${panel.name}: ${say("confidences")}`},
            panel.classes.slice(0, panel.listed ?? LISTED[props.value.shape]).map((row) => makeRow(panel, row))));

    // --- what changes the look
    const change = (changes, keep = true) => {
        Object.assign(look, changes);
        if ("view" in changes && keep) address.put("look", look.view === "heat" ? null : look.view);
        draw();
    };
    const makeViews = () => make("div", {class: "views", role: "group", "aria-label": say("view")},
        VIEWS.map((view) => make("button", {type: "button", "aria-pressed": String(view === look.view),
            "data-focus": `view-${view}`, onclick: () => change({view})}, say(`view.${view === "heat" ? "heatmap" : view}`))));
    const makeOpacity = () => make("label", {class: "opacity"}, say("view.opacity"), make("input", {
        type: "range", min: 0, max: 100, value: look.opacity, "data-focus": "opacity", oninput: (event) => {
            look.opacity = Number(event.target.value);
            root.style.setProperty("--opacity", look.opacity / 100);
        }}));
    const makeColors = () => make("label", {}, say("colormap"), make("select", {"data-focus": "colors",
        onchange: (event) => change({colormap: event.target.value})},
        Object.keys(studio.palettes).map((name) =>
            make("option", {value: name, selected: name === look.colormap}, say(`colormap.${name}`)))));
    const makeTick = (name, text) => make("label", {}, make("input", {type: "checkbox", checked: look[name],
        "data-focus": name, onchange: (event) => change({[name]: event.target.checked})}), text);
    const makeMore = () => make("details", {class: "more", open: look.more, ontoggle: (event) => { look.more = event.target.open; }},
        make("summary", {"data-focus": "more"}, say("view.more")), make("div", {class: "sheet"}, makeColors(),
            makeTick("box", say("box")), getPictures().length > 1 && makeTick("common", say("common"))));
    const makeBar = (silent) => make("div", {class: "bar"}, silent ? [] : [makeViews(), makeOpacity(),
        element.brush?.makeButton(), element.saving?.makeButton(), makeMore()],
        make("button", {type: "button", class: "options", "data-focus": "options",
            "aria-expanded": String(Boolean(root.closest(".tabitem")?.querySelector(".menus.open"))),
            onclick: (event) => studio.toggleOptions(event.target, root)}, say("options")), !silent && makeScale());
    const makeScale = () => make("div", {class: "scale", "--colors": maps.gradient(look.colormap), hidden: !["heat", "slider"].includes(look.view)},
        make("span", {}, say("view.least")), make("i", {}), make("span", {}, say("view.most")));
    const makeChip = (picture, i, text) => make("button", {type: "button", "aria-pressed": String(i === look.shown),
        "aria-label": picture.name, "data-focus": `chip-${i}`, onclick: () => change({shown: i})}, text);
    // On a narrow page one picture is seen at a time; these choose which.
    const makeChips = (seen) => {
        if (seen.length < 2 || !["heat", "regions"].includes(look.view)) return "";
        const all = getPictures(), chips = (panel) => seen.filter((each) => each.panel === panel).map((picture) =>
            makeChip(picture, all.findIndex((each) => each.panel === panel && each.m === picture.m), picture.short || panel.brief));
        const rows = props.value.panels.map((panel) => [panel, chips(panel)]).filter(([, row]) => row.length);
        const few = rows.every(([, row]) => row.length === 1);
        return make("div", {class: few ? "chips few" : "chips", role: "group", "aria-label": say("view.pictures")},
            rows.map(([panel, row]) => make("div", {}, !few && rows.length > 1 && make("span", {}, panel.brief), row)));
    };

    // How far a slow method is, beside the network that it explains.
    const showProgress = () => root.querySelectorAll(".answer").forEach((answer) => {
        const line = props.progress?.[answer.dataset.key] ?? "";
        studio.part(answer, "progress").textContent = line;
        answer.classList.toggle("busy", Boolean(line));  // the note says that it has still to begin
    });

    // The example that is shown, among those to pick from.
    const markExample = (example) => {
        for (const image of (element.closest(".tabitem") ?? document).querySelectorAll(".strip img"))
            image.closest("button").classList.toggle("chosen", Boolean(example) && image.src.includes(`/${example}.`));
    };

    const draw = () => {
        const value = props.value;
        if (!value?.panels) return;
        const focused = root.contains(document.activeElement) && document.activeElement.dataset.focus;
        const pictures = getPictures(), shape = JSON.stringify([value.shape, value.panels.map((panel) => panel.maps.length)]);
        if (shape !== lastShape) [look.pair, look.shown, lastShape] = [null, Math.max(0, getMain(0)), shape];
        const seen = look.view === "regions" ? value.panels.flatMap((panel) => pictures.findLast((each) => each.panel === panel && !each.aside) ?? []) : pictures;
        const silent = !value.panels.length;  // nobody answered
        const figures = silent ? [] : look.view === "slider" ? [makeSlider()]
            : look.view === "photo" ? [makeAlone()] : seen.map((picture) => makePicture(picture, pictures.indexOf(picture)));
        const heads = value.shape === "rows" && look.view === "heat" && value.panels.filter((panel) => panel.maps.length).length > 1;
        if (heads)
            for (const panel of value.panels.filter((each) => each.maps.length).reverse())
                figures.splice(pictures.findIndex((each) => each.panel === panel), 0, make("h3", {class: "row-head"}, panel.brief));
        const together = value.panels.filter((panel) => panel.maps.length).length;
        root.replaceChildren(
            make("p", {class: `verdict ${value.verdict.kind}`, role: "status"}, value.verdict.text),
            makeBar(silent), element.brush?.on && !silent && look.view !== "slider" ? element.brush.makeHelp() : "", makeChips(seen),
            make("div", {class: `panels ${value.shape}`, "data-view": look.view, "--panels": value.panels.length,
                         "--maps": Math.max(1, ...value.panels.map((panel) => panel.maps.filter((map) => !map.aside).length)),
                         "--rows": Math.max(1, together)},
                make("div", {class: "pictures"}, figures), make("div", {class: "answers"}, value.panels.map(makeAnswer))));
        showProgress();
        root.style.setProperty("--ar", value.size[0] / value.size[1]);
        root.style.setProperty("--w", value.size[0]);
        root.style.setProperty("--hh", value.size[1]);
        root.style.setProperty("--opacity", look.opacity / 100);
        if (focused) root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
        markExample(value.example);
        root.dataset.ready = value.id;
    };
    const makeAlone = () => makePicture({name: say("view.photo"), panel: {regions: null, maps: []}, p: 0, map: null, caption: "", title: ""}, 0);

    // On a narrow page the answer is below the examples: another photo's comes into view.
    let photo = null;
    const showNewPhoto = () => {
        const former = photo;
        photo = props.value?.photo?.url ?? null;
        if (former && photo && former !== photo && root.checkVisibility() && matchMedia("(max-width: 700px)").matches)
            root.scrollIntoView({block: "start"});
    };

    Object.assign(element, {look, draw, getPictures, getRange});
    element.brush = studio.brush?.(element, props, trigger);
    element.saving = studio.saving?.(element, props, trigger);
    watch("progress", showProgress);
    watch("value", () => { element.brush?.follow(); draw(); showNewPhoto(); });
    window.addEventListener("studio:popped", ({detail}) => {
        if (detail.tab === props.tab) change({view: VIEWS.find((view) => view === address.get("look")) ?? "heat"}, false);
    });
    draw();
    showNewPhoto();
};

// On a narrow page the menus wait below the map until they are asked for, and the map stays in view while they change.
studio.toggleOptions = (button, stage) => {
    const menus = button.closest(".tabitem")?.querySelector(".menus"), open = menus?.classList.toggle("open") ?? false;
    button.setAttribute("aria-expanded", String(open));
    if (!open) return;
    stage.querySelector(".panels").scrollIntoView({block: "start"});
    const closing = new AbortController(), close = (event) => {  // by a click beside them, or Escape
        if (event.type === "keydown" ? event.key !== "Escape" : event.composedPath().some((each) => each.matches?.(".menus, .options"))) return;
        menus.classList.remove("open");
        stage.querySelector(".options").setAttribute("aria-expanded", "false");
        closing.abort();
    };
    for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, close, {signal: closing.signal});
};
