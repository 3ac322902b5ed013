// "How does it work?": channels, weights that can be dragged, a photo to hide parts of, and a mosaic to find a class in.
studio.how = (() => {
    const say = studio.say, sayClass = (label) => say(`class.${label}`);
    const percent = (share) => `${(100 * share).toFixed(1)} %`;
    const points = (share) => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(1)}`;
    const signed = (number, digits) => number.toFixed(digits).replace("-", "−");

    const make = (tag, className = "", text = "", attributes = {}) => {
        const element = document.createElement(tag);
        if (className) element.className = className;
        if (text) element.textContent = text;
        for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
        return element;
    };

    // Fill a part of the page, now and whenever Python sends something else; `fill` gets its empty root and the value.
    const follow = (element, props, watch, fill) => {
        const draw = () => {
            const root = element.querySelector(".how-part");
            if (!props.value?.photo) return root.replaceChildren(make("p", "how-note", say("how.waiting")));
            fill(root, props.value);
        };
        watch("value", draw);
        draw();
    };

    const makePhoto = (value) => make("img", "", "", {src: value.photo.url, alt: ""});

    const makeStage = (value) => {
        const stage = make("div", "how-stage");
        stage.style.setProperty("--shape", value.size[0] / value.size[1]);
        stage.append(makePhoto(value));
        return stage;
    };

    const makeCanvas = (alt) => make("canvas", "how-map", "", {role: "img", "aria-label": alt});

    const makeLegend = (low, high, colormap = "turbo") => {
        const legend = make("p", "how-legend"), bar = make("i");
        bar.style.background = studio.maps.gradient(colormap);
        legend.append(make("span", "", low), bar, make("span", "", high));
        return legend;
    };

    // A channel as colours over the photo, with lines below.
    const makeChannel = (value, channel, lines) => {
        const figure = make("figure"), stage = makeStage(value), name = say("how.channel", {number: channel.number});
        if (!channel.silent) {
            const canvas = makeCanvas(say("how.channel_alt", {number: channel.number}));
            studio.maps.paint(canvas, channel.map, value.size);
            stage.append(canvas);
        }
        const caption = make("figcaption"), all = channel.silent ? [...lines, say("how.silent")] : lines;
        caption.append(make("b", "", name), ...all.map((line) => make("span", "", line)));
        figure.append(stage, caption);
        return figure;
    };

    const sayBlank = (value) => make("p", "how-note", say("blank", {label: sayClass(value.label)}));

    // Step 1
    const showChannels = (element, props, watch) => follow(element, props, watch, (root, value) => {
        if (value.blank) return root.replaceChildren(sayBlank(value));
        const grid = make("div", "how-nine");
        grid.append(...value.channels.map((channel) => makeChannel(value, channel, [])));
        root.replaceChildren(grid);
    });

    // Step 2: CAM = Σ weights × features + rest, and its mean plus the bias is the logit
    const mix = (value, weights) => {
        const values = studio.maps.decode(value.rest).slice();
        value.channels.forEach(({map}, i) => {
            studio.maps.decode(map).forEach((feature, place) => { values[place] += weights[i] * feature; });
        });
        const logit = values.reduce((sum, part) => sum + part, 0) / values.length + value.bias;
        const sum = value.others.reduce((total, other) => total + Math.exp(other - logit), 1);
        return {values, logit, confidence: 1 / sum};
    };

    const paintMixed = (canvas, value, values) => {
        const {h, w} = value.rest, enlarged = studio.maps.enlarge(values, h, w, 112, 112);
        const range = [Math.min(...enlarged), Math.max(...enlarged)];
        studio.maps.paint(canvas, {h, w, values}, value.size, "turbo", range);
    };

    const makeSlider = (value, i, reach, change) => {
        const row = make("label", "how-weight"), {number} = value.channels[i];
        const slider = make("input", "", "", {type: "range", min: -100, max: 100, step: 1});
        const output = make("output"), name = say("how.channel", {number});
        const thumb = makeCanvas("");
        thumb.setAttribute("aria-hidden", "true");
        if (!value.channels[i].silent) studio.maps.paint(thumb, value.channels[i].map, value.size);
        slider.setAttribute("aria-label", say("how.weight", {number}));
        slider.addEventListener("input", () => change(i, reach * slider.value / 100));
        row.append(thumb, make("span", "", name), slider, output);
        const show = (weight) => {
            slider.value = Math.round(100 * weight / reach);
            slider.setAttribute("aria-valuetext", output.textContent = signed(weight, 3));
        };
        return {row, show};
    };

    const mixWeights = (element, props, watch) => follow(element, props, watch, (root, value) => {
        if (value.blank) return root.replaceChildren(sayBlank(value));
        const reach = Math.max(1, 2 * Math.max(...value.weights.map(Math.abs)));
        const weights = [...value.weights], canvas = makeCanvas(say("how.map_alt", {label: sayClass(value.label)}));
        const text = make("p", "how-result", "", {role: "status"}), stage = makeStage(value), learnt = mix(value, weights);
        const show = () => {
            const {values, logit, confidence} = mix(value, weights);
            paintMixed(canvas, value, values);
            sliders.forEach((slider, i) => slider.show(weights[i]));
            text.replaceChildren(
                make("b", "", say("how.score", {label: sayClass(value.label), logit: signed(logit, 2)})),
                make("span", "", say("how.confidence", {confidence: percent(confidence)})),
                make("span", "how-note", say("how.learnt", {
                    logit: signed(learnt.logit, 2), confidence: percent(learnt.confidence),
                })));
        };
        const set = (all) => { all.forEach((weight, i) => { weights[i] = weight; }); show(); };
        const sliders = weights.map((_, i) => makeSlider(value, i, reach, (at, weight) => { weights[at] = weight; show(); }));
        const zero = make("button", "how-button", say("how.zero"), {type: "button"});
        const reset = make("button", "how-button", say("how.reset"), {type: "button"});
        zero.addEventListener("click", () => set(weights.map(() => 0)));
        reset.addEventListener("click", () => set(value.weights));
        const controls = make("div", "how-controls"), buttons = make("div", "how-buttons"), result = make("div", "how-mixed");
        buttons.append(zero, reset);
        controls.append(...sliders.map(({row}) => row), buttons,
            make("p", "how-note", say("how.rest", {rest: value.total - weights.length, total: value.total})));
        stage.append(canvas);
        result.append(stage, makeLegend(say("how.least"), say("how.most")), text);
        const pair = make("div", "how-pair");
        pair.append(controls, result);
        root.replaceChildren(pair);
        show();
    });

    // Step 3
    const showAttention = (element, props, watch) => follow(element, props, watch, (root, value) => {
        if (!value.turned) return root.replaceChildren(make("p", "how-note", say("how.no_attention")));
        if (value.blank) return root.replaceChildren(sayBlank(value));
        const {up, down, photos} = value.turned;
        const describe = ({weight, mean}) => [
            say("how.factor", {weight: weight.toFixed(2), mean: mean.toFixed(2)}),
            say("how.times", {times: (weight / mean).toFixed(mean && weight / mean < 0.095 ? 2 : 1)}),
        ];
        const groups = [[say("how.up"), up], [say("how.down"), down]].map(([title, channels]) => {
            const group = make("section"), grid = make("div", "how-nine");
            grid.append(...channels.map((channel) => makeChannel(value, channel, describe(channel))));
            group.append(make("h4", "", title), grid);
            return group;
        });
        const pair = make("div", "how-pair");
        pair.append(...groups);
        root.replaceChildren(pair, make("p", "how-result", say("how.without", {
            photos,
            says: sayClass(value.says.label), sure: percent(value.says.confidence),
            would: sayClass(value.would.label), then: percent(value.would.confidence),
        })));
    });

    // Step 4
    const PLACES = 7, HALF = 1 / PLACES;  // the square is two places wide

    const hideParts = (element, props, watch, ask, askEverywhere) => {
        let spot = [3, 3], stage, square, told, held = false;
        const place = (to) => {
            spot = to.map((cell) => Math.max(0, Math.min(PLACES - 1, cell)));
            const [top, left] = spot.map((cell) => Math.max(0, (cell + 0.5) / PLACES - HALF));
            const [bottom, right] = spot.map((cell) => Math.min(1, (cell + 0.5) / PLACES + HALF));
            Object.assign(square.style, {
                top: `${100 * top}%`, left: `${100 * left}%`,
                height: `${100 * (bottom - top)}%`, width: `${100 * (right - left)}%`,
            });
            told.textContent = say("how.place", {row: spot[0] + 1, column: spot[1] + 1});
        };
        const placeAt = (event) => {
            const box = stage.getBoundingClientRect();
            place([(event.clientY - box.top) / box.height, (event.clientX - box.left) / box.width]
                .map((share) => Math.floor(share * PLACES)));
        };
        const send = () => {
            told.textContent = say("how.asking");
            ask({row: spot[0], column: spot[1]});
        };
        const ARROWS = {ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1]};

        const listen = () => {
            stage.addEventListener("keydown", (event) => {
                const step = ARROWS[event.key];
                if (step) place(spot.map((cell, i) => cell + step[i]));
                else if (event.key === "Enter" || event.key === " ") send();
                else return;
                event.preventDefault();
            });
            square.addEventListener("pointerdown", (event) => {
                if (!event.isPrimary) return;
                square.setPointerCapture(event.pointerId);
                held = true;
            });
            square.addEventListener("pointermove", (event) => { if (held) placeAt(event); });
            square.addEventListener("pointerup", () => { if (held) send(); held = false; });
            square.addEventListener("pointercancel", () => { held = false; });
            stage.addEventListener("click", (event) => {
                if (event.target === square) return;
                placeAt(event);
                send();
            });
        };

        const showDrops = (value, result) => {
            const {drops, rows} = value;
            if (rows < PLACES) result.append(make("p", "", say("how.rows", {done: rows * PLACES})));
            if (value.blank) return result.append(sayBlank(value));
            if (Math.max(Math.abs(drops.bottom), Math.abs(drops.top)) < 0.01)
                return result.append(make("p", "", say("how.no_drop")));
            const canvas = makeCanvas(say("how.drops_alt"));
            canvas.style.height = `${100 * rows / PLACES}%`;
            studio.maps.paint(canvas, drops, [value.size[0], value.size[1] * rows / PLACES]);
            square.before(canvas);
            result.append(makeLegend(points(-drops.low), points(-drops.high)), make("p", "how-note", say("how.drops")));
        };

        follow(element, props, watch, (root, value) => {
            const focused = document.activeElement && root.contains(document.activeElement) ? document.activeElement : null;
            const again = focused?.dataset.focus;
            stage = makeStage(value);
            square = make("div", "how-square");
            told = make("p", "how-note", "", {role: "status"});
            Object.entries({tabindex: 0, role: "application", "aria-label": say("how.stage"), "data-focus": "stage"})
                .forEach(([name, text]) => stage.setAttribute(name, text));
            stage.append(square);
            const result = make("div", "how-result", "", {role: "status"});
            result.append(make("p", "", say("how.before", {
                label: sayClass(value.label), before: percent(value.confidence)})));
            if (value.place) {
                const fall = value.after - value.confidence;
                result.append(make("p", "how-after", say("how.after", {
                    row: value.place[0] + 1, column: value.place[1] + 1,
                    after: percent(value.after), points: points(fall)})));
            }
            place(value.place ?? spot);
            if (value.drops) showDrops(value, result);
            const one = make("button", "how-button", say("how.ask"), {type: "button", "data-focus": "one"});
            const all = make("button", "how-button", say("how.ask_everywhere"), {type: "button", "data-focus": "all"});
            one.addEventListener("click", send);
            all.addEventListener("click", () => { all.disabled = true; askEverywhere(); });
            all.disabled = Boolean(value.drops && value.rows < PLACES);
            const left = make("div"), right = make("div", "how-controls"), buttons = make("div", "how-buttons");
            buttons.append(one, all);
            left.append(stage, told);
            right.append(result, buttons);
            const pair = make("div", "how-pair");
            pair.append(left, right);
            root.replaceChildren(pair);
            listen();
            if (again) root.querySelector(`[data-focus=${again}]`).focus({preventScroll: true});
        });
    };

    // The proof
    const CHANCE = 0.25;

    const makeShare = (share) => {
        const bar = make("div", "how-share"), part = make("i"), chance = make("b");
        part.style.width = percent(share).replace(" ", "");
        chance.style.left = `${100 * CHANCE}%`;
        bar.append(part, chance);
        return bar;
    };

    const showShare = (value, result) => {
        const share = value.shares[value.quarter], label = sayClass(value.labels[value.quarter]);
        const most = value.shares.indexOf(Math.max(...value.shares));
        if (!value.map) return result.append(make("p", "", say("how.nowhere", {label})));
        result.append(
            make("p", "", say("how.share", {label, share: percent(share)})), makeShare(share),
            make("p", "how-note", say("how.chance")),
            make("p", "", most === value.quarter && share > CHANCE ? say("how.found")
                : share > CHANCE ? say("how.half_found", {other: sayClass(value.labels[most])})
                : say("how.not_found")));
    };

    const findClass = (element, props, watch, seek) => follow(element, props, watch, (root, value) => {
        const again = root.contains(document.activeElement) ? document.activeElement.dataset.quarter : undefined;
        const stage = makeStage(value), result = make("div", "how-result", "", {role: "status"});
        stage.classList.add("how-mosaic");
        stage.style.setProperty("--shape", 1);
        if (value.map) {
            const canvas = makeCanvas(say("how.map_alt", {label: sayClass(value.labels[value.quarter])}));
            studio.maps.paint(canvas, value.map, value.size);
            stage.append(canvas);
        }
        value.labels.forEach((label, quarter) => {
            const name = quarter ? sayClass(label) : say("how.yours", {label: sayClass(label)});
            const button = make("button", "", "", {
                type: "button", "data-quarter": quarter, "aria-pressed": value.quarter === quarter,
                "aria-label": say("how.seek", {label: name}),
            });
            button.append(make("span", "", name));
            button.addEventListener("click", () => {
                result.replaceChildren(make("p", "", say("how.asking")));
                seek({quarter});
            });
            stage.append(button);
        });
        if (value.shares) showShare(value, result);
        else result.append(make("p", "", say("how.click")));
        const pair = make("div", "how-pair");
        pair.append(stage, result);
        root.replaceChildren(pair);
        if (again !== undefined) root.querySelector(`[data-quarter="${again}"]`).focus({preventScroll: true});
    });

    // The address may ask for the section: #how, or ?how=1.
    const openFromAddress = () => {
        if (location.hash !== "#how" && new URLSearchParams(location.search).get("how") !== "1") return;
        const wait = setInterval(() => {
            const section = document.getElementById("how"), button = section?.querySelector("button.label-wrap");
            if (!button) return;
            clearInterval(wait);
            if (!button.classList.contains("open")) button.click();
            keepInView(section);
        }, 100);
        setTimeout(() => clearInterval(wait), 30000);
    };

    // What is above grows while the page fills: stay at the section until the visitor does something.
    const keepInView = (section) => {
        const observer = new ResizeObserver(() => section.scrollIntoView());
        const done = () => observer.disconnect();
        for (const kind of ["wheel", "touchstart", "pointerdown", "keydown"]) addEventListener(kind, done, {once: true});
        observer.observe(document.body);
        setTimeout(done, 15000);
    };
    addEventListener("hashchange", openFromAddress);
    openFromAddress();

    return {showChannels, mixWeights, mix, showAttention, hideParts, findClass};
})();
