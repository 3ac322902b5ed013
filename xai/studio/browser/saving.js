// What can be taken along: a card with all that the stage shows, every file as a zip (made by Python), and a link.
studio.saving = (element, props, trigger) => {
    const {make, say} = studio;
    const self = {open: false};
    const name = () => {
        const {verdict, panels, method} = props.value;
        const label = panels[0]?.classes[0]?.name ?? verdict.text;
        return `xai-${label}-${method}`.replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 80);
    };
    const saveCard = async () => {
        const canvas = await studio.drawCard(element, props.value);
        canvas.toBlob((blob) => studio.download(URL.createObjectURL(blob), `${name()}.png`), "image/png");
    };
    const copyLink = async (event) => {
        const button = event.target, text = button.textContent;
        await navigator.clipboard.writeText(location.href).then(
            () => { button.textContent = say("view.link_copied"); }, () => prompt(say("view.copy_link"), location.href));
        setTimeout(() => { button.textContent = text; }, 2000);
    };
    const item = (key, act) => make("button", {type: "button", "data-focus": key, onclick: act}, say(`view.${key}`));
    const close = (act) => (event) => { event.target.closest("details").open = false; act(event); };
    self.makeButton = () => make("details", {class: "more save", open: self.open, ontoggle: (event) => { self.open = event.target.open; }},
        make("summary", {"data-focus": "take"}, say("view.take")),
        make("div", {class: "sheet"}, item("save", close(saveCard)),
            item("save_all", close(() => trigger("save", {opacity: element.look.opacity / 100, colormap: element.look.colormap}))),
            item("copy_link", copyLink)));
    return self;
};

studio.download = (url, name) => {
    const link = studio.make("a", {href: url, download: name});
    document.body.append(link);
    link.click();
    link.remove();
};

// A picture of the whole answer: what the networks say, the photo, every map, colours in words, method and address.
studio.drawCard = async (element, value) => {
    const {make, say, maps} = studio, {look} = element, WIDTH = 1200, EDGE = 32, GAP = 16, FONT = getComputedStyle(document.body).fontFamily;
    const canvas = make("canvas", {width: WIDTH, height: 4000}), context = canvas.getContext("2d");
    let y = EDGE;
    const write = (text, x, size, {bold = false, color = "#1c1917", width = WIDTH - EDGE - x, at = null} = {}) => {
        context.font = `${bold ? "600 " : ""}${size}px ${FONT}`;
        context.fillStyle = color;
        let line = "", top = (at ?? y) + size;
        for (const word of text.split(/(?<=\s)/)) {
            if (line && context.measureText(line + word).width > width) { context.fillText(line, x, top); top += size * 1.35; line = ""; }
            line += word;
        }
        context.fillText(line, x, top);
        return top + size * 0.5;
    };
    const draw = async (picture, x, top, width, height, kind) => {
        const image = make("img", {src: (picture.panel?.hidden ?? value.photo).url});
        await image.decode();
        context.filter = kind === "regions" ? "grayscale(1)" : "none";
        context.drawImage(image, x, top, width, height);
        context.filter = "none";
        const map = make("canvas");
        if (kind === "heat" && picture.map) {
            maps.paint(map, picture.map, value.size, look.colormap, element.pictures.getRange(picture));
            context.globalAlpha = look.opacity / 100;
        } else if (kind === "regions" && picture.panel.regions) maps.paintRegions(map, picture.panel.regions, value.size);
        else return;
        context.drawImage(map, x, top, width, height);
        context.globalAlpha = 1;
    };

    context.fillStyle = "white";
    context.fillRect(0, 0, WIDTH, canvas.height);
    y = write(value.verdict.text, EDGE, 30, {bold: true}) + GAP;
    const kind = look.view === "regions" ? "regions" : "heat", ratio = value.size[0] / value.size[1];
    const pictures = element.pictures.list().filter((each) => !each.aside), photo = {name: say("photo"), panel: value.panels.find((panel) => panel.hidden) ?? null, map: null};
    const rows = value.shape === "rows" ? value.panels.map((panel) => pictures.filter((each) => each.panel === panel)).filter((row) => row.length) : [[photo, ...pictures]];
    for (const row of rows) {
        const width = (WIDTH - 2 * EDGE - GAP * (row.length - 1)) / row.length, height = width / ratio;
        if (value.shape === "rows") y = write(row[0].panel.name, EDGE, 20, {bold: true}) + 4;
        let bottom = y;
        for (const [i, picture] of row.entries()) {
            const x = EDGE + i * (width + GAP);
            await draw(picture, x, y, width, height, picture === photo ? "photo" : kind);
            const head = picture === photo ? photo.name : picture.title || picture.panel.name;
            let below = write(head, x, row.length > 3 ? 14 : 18, {bold: true, width, at: y + height + 6});
            if (value.shape === "columns" && picture !== photo) below = writeClasses(picture.panel, x, below, width);
            bottom = Math.max(bottom, below);
        }
        y = bottom + GAP;
        if (value.shape === "rows") y = writeClasses(row[0].panel, EDGE, y, WIDTH - 2 * EDGE) + GAP;
    }
    for (const panel of value.panels.filter((each) => !each.maps.length)) y = writeClasses(panel, EDGE, write(panel.name, EDGE, 18, {bold: true}), WIDTH - 2 * EDGE);
    function writeClasses(panel, x, at, width) {
        const said = panel.classes.slice(0, 3).map((row) => `${row.name} ${Math.round(100 * row.confidence)}%`).join("   ");
        return write(said, x, 16, {width, at});
    }
    if (kind === "heat") {
        const bar = context.createLinearGradient(EDGE + 150, 0, EDGE + 450, 0);
        maps.getStops(look.colormap).forEach((color, i, all) => bar.addColorStop(i / (all.length - 1), color));
        write(say("view.least"), EDGE, 14, {width: 150});
        context.fillStyle = bar;
        context.fillRect(EDGE + 150, y + 3, 300, 12);
        y = write(say("view.most"), EDGE + 464, 14) + 4;
    }
    y = write(`${value.method} · ${document.title} · ${location.href.replace(/^https?:\/\//, "")}`, EDGE, 14, {color: "#57534e"}) + EDGE / 2;
    const card = make("canvas", {width: WIDTH, height: Math.ceil(y)});
    card.getContext("2d").drawImage(canvas, 0, 0);
    return card;
};

// A menu that hangs from a button closes by a click beside it, and by Escape.
document.addEventListener("click", (event) => document.querySelectorAll(".stage details[open]").forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
}));
document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && document.activeElement?.closest?.(".stage details[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
});
