// "What if this were not there?": parts of the photo painted over, by mouse, finger or keyboard, on a grid of 56 × 56
// cells; Python answers the photo without them. All pictures of a stage show the same strokes.
studio.brush = (element, props, trigger) => {
    const {make, say} = studio, SIDE = 56, RADIUS = 3, STEP = 2, WAIT = 250;
    const mask = make("canvas", {width: SIDE, height: SIDE}), ink = mask.getContext("2d", {willReadFrequently: true});
    ink.strokeStyle = ink.fillStyle = "#000";
    let covers = [], last = null, cursor = [SIDE / 2, SIDE / 2], painting = false, keyed = false, timer = 0, photo = null;
    const self = {on: false, fill: "blur"};

    const isEmpty = () => !ink.getImageData(0, 0, SIDE, SIDE).data.some((value, i) => i % 4 === 3 && value > 127);
    const showStrokes = () => {
        covers = covers.filter((cover) => cover.isConnected || !cover.dataset.seen);
        for (const cover of covers) {
            const context = cover.getContext("2d");
            context.clearRect(0, 0, SIDE, SIDE);
            context.drawImage(mask, 0, 0);
            if (keyed && document.activeElement === cover) context.strokeRect(cursor[0] - RADIUS, cursor[1] - RADIUS, 2 * RADIUS, 2 * RADIUS);
        }
    };
    const paint = (x, y) => {
        ink.lineWidth = 2 * RADIUS;
        ink.lineCap = "round";
        ink.beginPath();
        if (last) { ink.moveTo(...last); ink.lineTo(x, y); ink.stroke(); }
        else { ink.arc(x, y, RADIUS, 0, 7); ink.fill(); }
        last = [x, y];
        showStrokes();
    };
    // Lengths of runs of cells, row by row, first of those that are left, then of those that are hidden, and so on.
    const encode = () => {
        const {data} = ink.getImageData(0, 0, SIDE, SIDE), runs = [];
        let hidden = 0, length = 0;
        for (let i = 3; i < data.length; i += 4) {
            const cell = Number(data[i] > 127);
            if (cell === hidden) length++;
            else { runs.push(length); [hidden, length] = [cell, 1]; }
        }
        return [...runs, length];
    };
    const send = () => {
        clearTimeout(timer);
        timer = setTimeout(() => trigger("hide", {size: SIDE, runs: encode(), fill: self.fill}), WAIT);
    };
    const former = [];  // the mask before each stroke
    const begin = () => former.push(ink.getImageData(0, 0, SIDE, SIDE));
    const undo = () => {
        if (!former.length) return;
        ink.putImageData(former.pop(), 0, 0);
        showStrokes();
        send();
    };
    const clear = () => {
        begin();
        ink.clearRect(0, 0, SIDE, SIDE);
        showStrokes();
        send();
    };
    const locate = (event) => {
        const box = event.target.getBoundingClientRect();
        return [(event.clientX - box.left) / box.width * SIDE, (event.clientY - box.top) / box.height * SIDE];
    };
    const end = () => { if (painting) { painting = false; last = null; send(); } };
    const ARROWS = {ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP]};
    const press = (event) => {
        keyed = true;
        const step = ARROWS[event.key];
        if (step) {
            cursor = cursor.map((at, i) => Math.min(SIDE, Math.max(0, at + step[i])));
            if (event.shiftKey) { begin(); paint(...cursor); send(); } else last = null;
        } else if (event.key === " ") { begin(); last = null; paint(...cursor); last = null; send(); }
        else if (event.key === "Delete" || event.key === "Backspace") clear();
        else return;
        event.preventDefault();
        showStrokes();
    };
    // Lay a canvas to paint on over a picture; while there is something hidden but no brush, the photo itself shows it.
    self.cover = (layers) => {
        if (!self.on) return;
        const cover = make("canvas", {class: "brush", width: SIDE, height: SIDE, tabindex: 0, role: "application",
            "data-focus": `brush-${covers.length}`, "aria-label": `${say("view.hide")}. ${say("view.hide_by_keys")}`,
            onpointerdown: (event) => {
                if (!event.isPrimary) return;
                event.target.setPointerCapture(event.pointerId);
                keyed = false;
                begin();
                [last, painting] = [null, true];
                paint(...locate(event));
                event.preventDefault();
                event.target.focus({preventScroll: true});
            },
            onpointermove: (event) => {
                if (!painting || !event.isPrimary) return;
                if (event.buttons) paint(...locate(event));
                else end(); // it was let go where nobody saw it
            },
            onpointerup: end, onpointercancel: end, onkeydown: press, onfocus: showStrokes, onblur: showStrokes});
        layers.append(cover);
        covers.push(cover);
        requestAnimationFrame(showStrokes);
    };
    const toggle = () => {
        self.on = !self.on;
        if (!self.on && !isEmpty()) clear();
        if (self.on && ["slider", "photo"].includes(element.look.view)) element.look.view = "heat";
        redraw();
    };
    const redraw = () => {
        covers = [];
        element.draw();
        if (self.on && matchMedia("(max-width: 700px)").matches) element.querySelector(".help").scrollIntoView({block: "start"});
    };
    self.makeButton = () => make("button", {type: "button", class: "hide", "aria-pressed": String(self.on), "data-focus": "hide",
        onclick: toggle}, say("view.hide"));
    self.makeHelp = () => make("div", {class: "help"}, make("p", {}, make("b", {}, say("view.what_if")), " ", say("view.hide_by_pointer"), " ",
        make("span", {class: "keys"}, say("view.hide_by_keys"))),
        make("select", {"aria-label": say("view.fill"), "data-focus": "fill",
            onchange: (event) => { self.fill = event.target.value; if (!isEmpty()) send(); }},
            ["blur", "grey"].map((fill) => make("option", {value: fill, selected: fill === self.fill}, say(`view.${fill}`)))),
        make("button", {type: "button", "data-focus": "undo", onclick: undo}, say("view.undo")),
        make("button", {type: "button", "data-focus": "clear", onclick: clear}, say("view.clear")));
    // A new answer: to the same photo, what is hidden stays hidden; another photo starts whole. Where the answer is not
    // to what is painted now, since both were on their way at once, it is asked for again.
    self.follow = () => {
        covers = [];
        const {value} = props;
        if (!value?.photo) return;
        if (value.photo.url !== photo) { ink.clearRect(0, 0, SIDE, SIDE); former.length = 0; }
        photo = value.photo.url;
        if (value.panels.length && value.panels.some((panel) => panel.hidden) === isEmpty()) send();
    };
    return self;
};
