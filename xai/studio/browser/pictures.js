// A stage's pictures: the photo, over it a map or the regions of classes, and below it what they show.
studio.pictures = (element, props) => {
    const {make, say, maps} = studio, {look} = element;

    const list = () => props.value.panels
        .flatMap((panel, p) => panel.maps.map((map) =>
            ({panel, p, ...map, name: map.title ? `${panel.brief} · ${map.title}` : panel.brief})))
        .map((picture, index) => ({...picture, index}));

    // Those of the view: regions are a panel's, so one of its pictures shows them.
    const listSeen = () => look.view !== "regions" ? list() : props.value.panels.flatMap((panel) =>
        list().findLast((picture) => picture.panel === panel && !picture.aside) ?? []);

    // The index of the picture that stands for the first or the last panel that has one: its last map that is one.
    const getMain = (end) => {
        const pictures = list(), panel = pictures.at(end)?.p ?? 0;
        return pictures.findLastIndex((picture) => picture.p === panel && !picture.aside);
    };

    // The values shown as none and as the most: a map's own, or those of all maps.
    const getRange = (picture) => {
        if (!look.common) return [picture.map.low, picture.map.high];
        const all = list().filter((each) => each.map);
        return [Math.min(...all.map((each) => each.map.low)), Math.max(...all.map((each) => each.map.high))];
    };

    const makePhoto = (panel, grey) => make("img", {
        class: grey ? "photo grey" : "photo", src: (panel?.hidden ?? props.value.photo).url, alt: "", draggable: "false",
    });

    const makeBox = ({box: [left, top, right, bottom]}) =>
        make("span", {class: "box", "--left": left, "--top": top, "--right": right, "--bottom": bottom});

    const makeMap = (picture, view) => {
        const canvas = make("canvas", {class: `map ${view}`}), {size} = props.value;
        if (view === "heat") maps.paint(canvas, picture.map, size, look.colormap, getRange(picture));
        else maps.paintRegions(canvas, picture.panel.regions, size);
        return canvas;
    };

    const makeLayers = (picture, view = look.view) => {
        const shown = {heat: picture.map, regions: picture.panel.regions}[view];
        return [makePhoto(picture.panel, view === "regions" && shown), shown && makeMap(picture, view),
            picture.box && look.box && look.view === "heat" && makeBox(picture)];
    };

    const describe = (picture) => [picture.name, picture.caption, picture.map ? "" : say("view.no_map")]
        .filter(Boolean).join(". ");

    const makeLegend = (regions) => regions && make("span", {class: "legend"}, regions.names.map((name, i) =>
        make("span", {}, make("i", {"--color": `rgb(${regions.colors[i].join(" ")})`}), name)));

    // A click opens it, or, while there is a brush, paints on it.
    const makeFrame = (picture) => {
        const layers = make("div", {class: "layers"}, makeLayers(picture));
        element.brush.cover(layers);
        if (element.brush.on) return make("div", {class: "frame"}, layers);
        const open = () =>
            studio.enlarge(describe(picture), props.value.size, makeLayers(picture), look.opacity / 100);
        return make("button", {class: "frame", type: "button", "data-focus": `picture-${picture.index}`, onclick: open,
            "aria-label": `${describe(picture)}. ${say("view.enlarge")}`}, layers);
    };

    const makePicture = (picture) => {
        const caption = look.view === "regions" ? makeLegend(picture.panel.regions) : picture.caption;
        return make("figure", {class: "picture", "data-shown": String(picture.index === look.shown),
            "--order": 2 * picture.p},
            makeFrame(picture), make("figcaption", {},
                picture.title && make("b", {}, picture.title), caption && make("span", {class: "caption"}, caption)));
    };

    const makeAlone = () => makePicture({name: say("view.photo"), panel: {regions: null}, p: 0, index: 0, map: null});

    // Two pictures in one, divided by a line that can be dragged.
    const makeSlider = () => {
        const pictures = list(), choices = [...pictures, {name: say("view.photo"), panel: {}, map: null}];
        look.pair ??= pictures.length > 1 ? [getMain(0), getMain(-1)] : [0, 1];
        const sides = look.pair.map((choice, i) => make("div", {class: `side side-${i}`},
            makeLayers(choices[Math.min(choice, choices.length - 1)], "heat")));
        const layers = make("div", {class: "layers", "--line": `${look.line}%`}, sides, make("span", {class: "line"}));
        const range = make("input", {type: "range", class: "divider", min: 0, max: 100, value: look.line,
            "aria-label": say("view.divider"), "data-focus": "divider", oninput: (event) => {
                look.line = Number(event.target.value);
                layers.style.setProperty("--line", `${look.line}%`);
            }});
        layers.append(range);
        const menus = look.pair.map((chosen, i) => make("select", {"aria-label": say(i ? "view.right" : "view.left"),
            "data-focus": `pair-${i}`,
            onchange: (event) => { look.pair[i] = Number(event.target.value); element.draw(); }},
            choices.map((picture, k) => make("option", {value: k, selected: k === chosen}, picture.name))));
        return make("figure", {class: "picture alone"}, make("div", {class: "frame"}, layers),
            make("figcaption", {class: "pair"}, menus));
    };

    // The view's pictures; where panels have rows of them, each row has a head.
    const makeAll = () => {
        const {panels, shape} = props.value;
        if (!panels.length) return [];  // nobody answered
        if (look.view === "slider") return [makeSlider()];
        if (look.view === "photo") return [makeAlone()];
        const rows = panels.map((panel) => [panel, listSeen().filter((picture) => picture.panel === panel)])
            .filter(([, row]) => row.length);
        const heads = shape === "rows" && look.view === "heat" && rows.length > 1;
        return rows.flatMap(([panel, row]) =>
            [heads && make("h3", {class: "row-head"}, panel.brief), ...row.map(makePicture)]);
    };

    return {list, listSeen, getMain, getRange, makeAll};
};
