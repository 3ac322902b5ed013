// A stage's bar: what changes how its pictures look, and on a narrow page which of them is seen.
studio.bar = (element, props) => {
    const {make, say, maps} = studio, {look, pictures} = element;

    const makeViews = () => make("div", {class: "views", role: "group", "aria-label": say("view")},
        studio.VIEWS.map((view) => make("button", {type: "button", "aria-pressed": String(view === look.view),
            "data-focus": `view-${view}`, onclick: () => element.change({view})},
            say(`view.${view === "heat" ? "heatmap" : view}`))));

    const makeOpacity = () => make("label", {class: "opacity"}, say("view.opacity"), make("input", {
        type: "range", min: 0, max: 100, value: look.opacity, "data-focus": "opacity", oninput: (event) => {
            look.opacity = Number(event.target.value);
            element.showOpacity();
        }}));

    const makeColors = () => make("label", {}, say("colormap"), make("select", {"data-focus": "colors",
        onchange: (event) => element.change({colormap: event.target.value})},
        Object.keys(studio.palettes).map((name) =>
            make("option", {value: name, selected: name === look.colormap}, say(`colormap.${name}`)))));

    const makeTick = (name) => make("label", {}, make("input", {type: "checkbox", checked: look[name],
        "data-focus": name, onchange: (event) => element.change({[name]: event.target.checked})}), say(name));

    const makeMore = () => make("details", {class: "more", open: look.more,
        ontoggle: (event) => { look.more = event.target.open; }},
        make("summary", {"data-focus": "more"}, say("view.more")),
        make("div", {class: "sheet"},
            makeColors(), makeTick("box"), pictures.list().length > 1 && makeTick("common")));

    const makeOptions = () => make("button", {type: "button", class: "options", "data-focus": "options",
        "aria-expanded": String(Boolean(element.closest(".tabitem")?.querySelector(".menus.open"))),
        onclick: (event) => toggleOptions(event.target)}, say("options"));

    const makeScale = () => make("div", {class: "scale", "--colors": maps.gradient(look.colormap),
        hidden: !["heat", "slider"].includes(look.view)},
        make("span", {}, say("view.least")), make("i", {}), make("span", {}, say("view.most")));

    // Where nobody answered, only the menus are left.
    const makeBar = () => make("div", {class: "bar"}, props.value.panels.length
        ? [makeViews(), makeOpacity(), element.brush.makeButton(), element.saving.makeButton(), makeMore(),
            makeOptions(), makeScale()]
        : makeOptions());

    const makeChip = (picture, text) => make("button", {type: "button", "aria-label": picture.name,
        "aria-pressed": String(picture.index === look.shown), "data-focus": `chip-${picture.index}`,
        onclick: () => element.change({shown: picture.index})}, text);

    // On a narrow page one picture is seen at a time; these choose which.
    const makeChips = () => {
        const seen = pictures.listSeen();
        if (seen.length < 2 || !["heat", "regions"].includes(look.view)) return "";
        const rows = props.value.panels.map((panel) => [panel, seen.filter((picture) => picture.panel === panel)])
            .filter(([, row]) => row.length);
        const few = rows.every(([, row]) => row.length === 1), named = !few && rows.length > 1;
        return make("div", {class: few ? "chips few" : "chips", role: "group", "aria-label": say("view.pictures")},
            rows.map(([panel, row]) => make("div", {}, named && make("span", {}, panel.brief),
                row.map((picture) => makeChip(picture, picture.short || panel.brief)))));
    };

    // On a narrow page the menus wait below the map until they are asked for; the map stays in view while they change.
    const toggleOptions = (button) => {
        const menus = element.closest(".tabitem")?.querySelector(".menus");
        const open = menus?.classList.toggle("open") ?? false;
        button.setAttribute("aria-expanded", String(open));
        if (!open) return;
        element.querySelector(".panels").scrollIntoView({block: "start"});
        const closing = new AbortController();
        const close = () => {
            menus.classList.remove("open");
            element.querySelector(".options").setAttribute("aria-expanded", "false");
            closing.abort();
        };
        const isBeside = (event) => !event.composedPath().some((each) => each.matches?.(".menus, .options"));
        const listen = (kind, ends) =>
            document.addEventListener(kind, (event) => ends(event) && close(), {signal: closing.signal});
        listen("pointerdown", isBeside);
        listen("keydown", (event) => event.key === "Escape");
    };

    return {makeBar, makeChips};
};
