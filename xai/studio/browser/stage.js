// The stage: a photo, networks' maps over it, and their answers. What changes how it looks changes it here, at once;
// what has to be asked goes to Python by `trigger`. Python sends `value` (see stage.py): a photo, panels, a verdict.
// Its parts are in pictures.js, answers.js, bar.js, brush.js and saving.js; they share `element`, which holds them.
studio.VIEWS = ["heat", "regions", "slider", "photo"];

studio.stage = (element, props, trigger, watch) => {
    const {make, address, VIEWS} = studio, root = element.querySelector(".stage");
    const readView = () => VIEWS.find((view) => view === address.get("look")) ?? "heat";
    const look = {
        view: readView(), opacity: 50, colormap: "turbo", box: false, common: false, shown: 0, pair: null, line: 50,
    };

    const change = (changes, keep = true) => {
        Object.assign(look, changes);
        if ("view" in changes && keep) address.put("look", look.view === "heat" ? null : look.view);
        draw();
    };

    const showOpacity = () => root.style.setProperty("--opacity", look.opacity / 100);

    // Other networks or layers than before: which pictures are chosen starts anew.
    let lastShape = null;
    const chooseAnew = ({shape, panels}) => {
        const now = JSON.stringify([shape, panels.map((panel) => panel.maps.length)]);
        if (now !== lastShape) [look.pair, look.shown, lastShape] = [null, Math.max(0, pictures.getMain(0)), now];
    };

    const makePanels = ({shape, panels}) => {
        const counts = panels.map((panel) => panel.maps.filter((map) => !map.aside).length);
        return make("div", {class: `panels ${shape}`, "data-view": look.view, "--panels": panels.length,
            "--maps": Math.max(1, ...counts),
            "--rows": Math.max(1, panels.filter((panel) => panel.maps.length).length)},
            make("div", {class: "pictures"}, pictures.makeAll()), make("div", {class: "answers"}, answers.makeAll()));
    };

    // The example that is shown, among those to pick from.
    const markExample = (example) => {
        for (const image of (element.closest(".tabitem") ?? document).querySelectorAll(".strip img"))
            image.closest("button").classList.toggle("chosen", Boolean(example) && image.src.includes(`/${example}.`));
    };

    const draw = () => {
        const {value} = props;
        if (!value?.panels) return;
        const focused = root.contains(document.activeElement) && document.activeElement.dataset.focus;
        chooseAnew(value);
        const [width, height] = value.size, brushed = element.brush.on && value.panels.length && look.view !== "slider";
        root.replaceChildren(
            make("p", {class: `verdict ${value.verdict.kind}`, role: "status"}, value.verdict.text),
            bar.makeBar(), brushed ? element.brush.makeHelp() : "", bar.makeChips(), makePanels(value));
        answers.showProgress();
        for (const [name, number] of [["--ar", width / height], ["--w", width], ["--hh", height]])
            root.style.setProperty(name, number);
        showOpacity();
        if (focused) root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({preventScroll: true});
        markExample(value.example);
        root.dataset.ready = value.id;
    };

    // On a narrow page the answer is below the examples: another photo's comes into view.
    let photo = null;
    const showNewPhoto = () => {
        const former = photo;
        photo = props.value?.photo?.url ?? null;
        if (former && photo && former !== photo && root.checkVisibility() && matchMedia("(max-width: 700px)").matches)
            root.scrollIntoView({block: "start"});
    };

    Object.assign(element, {look, draw, change, showOpacity});
    const pictures = element.pictures = studio.pictures(element, props);
    const answers = studio.answers(element, props, trigger);
    element.brush = studio.brush(element, props, trigger);
    element.saving = studio.saving(element, props, trigger);
    const bar = studio.bar(element, props);
    watch("progress", answers.showProgress);
    watch("value", () => { element.brush.follow(); draw(); showNewPhoto(); });
    window.addEventListener("studio:popped", ({detail}) => {
        if (detail.tab === props.tab) change({view: readView()}, false);
    });
    draw();
    showNewPhoto();
};
