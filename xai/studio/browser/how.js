// "How does it work?": channels, weights that can be dragged, a photo to hide parts of, and a mosaic to find a class in.
studio.how = (() => {
    const {make, say} = studio, sayClass = (label) => say(`class.${label}`);
    const percent = (share) => `${(100 * share).toFixed(1)} %`;
    const points = (share) => `${share < 0 ? "−" : "+"}${Math.abs(100 * share).toFixed(1)}`;
    const signed = (number, digits) => number.toFixed(digits).replace("-", "−");

    // Fill a part of the page, now and whenever Python sends something else; `fill` gets its empty root and the value.
    const follow = (element, props, watch, fill) => {
        const draw = () => {
            const root = element.querySelector(".how-part");
            if (!props.value?.photo) return root.replaceChildren(make("p", {class: "how-note"}, say("how.waiting")));
            fill(root, props.value);
        };
        watch("value", draw);
        draw();
    };

    const makeStage = (value, shape = value.size[0] / value.size[1]) =>
        make("div", {class: "how-stage", "--shape": shape}, make("img", {src: value.photo.url, alt: ""}));

    const makeCanvas = (alt) => make("canvas", {class: "how-map", role: "img", "aria-label": alt});

    const makeLegend = (low, high) => make("p", {class: "how-legend"}, make("span", {}, low),
        make("i", {style: `background: ${studio.maps.gradient("turbo")}`}), make("span", {}, high));

    const makeButton = (text, name, onclick) =>
        make("button", {class: "how-button", type: "button", "data-focus": name, onclick}, text);

    // A channel as colours over the photo, with lines below.
    const makeChannel = (value, channel, lines) => {
        const stage = makeStage(value), name = say("how.channel", {number: channel.number});
        if (!channel.silent) {
            const canvas = makeCanvas(say("how.channel_alt", {number: channel.number}));
            studio.maps.paint(canvas, channel.map, value.size);
            stage.append(canvas);
        }
        const all = channel.silent ? [...lines, say("how.silent")] : lines;
        return make("figure", {}, stage,
            make("figcaption", {}, make("b", {}, name), all.map((line) => make("span", {}, line))));
    };

    const sayBlank = (value) => make("p", {class: "how-note"}, say("blank", {label: sayClass(value.label)}));

    // Step 1
    const showChannels = (element, props, watch) => follow(element, props, watch, (root, value) => {
        if (value.blank) return root.replaceChildren(sayBlank(value));
        root.replaceChildren(make("div", {class: "how-nine"},
            value.channels.map((channel) => makeChannel(value, channel, []))));
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
        const {number, silent, map} = value.channels[i];
        const slider = make("input", {type: "range", min: -100, max: 100, step: 1,
            "aria-label": say("how.weight", {number}), oninput: () => change(i, reach * slider.value / 100)});
        const output = make("output"), thumb = makeCanvas("");
        thumb.setAttribute("aria-hidden", "true");
        if (!silent) studio.maps.paint(thumb, map, value.size);
        const row = make("label", {class: "how-weight"},
            thumb, make("span", {}, say("how.channel", {number})), slider, output);
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
        const text = make("p", {class: "how-result", role: "status"}), learnt = mix(value, weights);
        const show = () => {
            const {values, logit, confidence} = mix(value, weights);
            paintMixed(canvas, value, values);
            sliders.forEach((slider, i) => slider.show(weights[i]));
            text.replaceChildren(
                make("b", {}, say("how.score", {label: sayClass(value.label), logit: signed(logit, 2)})),
                make("span", {}, say("how.confidence", {confidence: percent(confidence)})),
                make("span", {class: "how-note"}, say("how.learnt", {
                    logit: signed(learnt.logit, 2), confidence: percent(learnt.confidence),
                })));
        };
        const set = (all) => { all.forEach((weight, i) => { weights[i] = weight; }); show(); };
        const sliders = weights.map((_, i) => makeSlider(value, i, reach, (at, weight) => { weights[at] = weight; show(); }));
        const controls = make("div", {class: "how-controls"}, sliders.map(({row}) => row),
            make("div", {class: "how-buttons"}, makeButton(say("how.zero"), "zero", () => set(weights.map(() => 0))),
                makeButton(say("how.reset"), "reset", () => set(value.weights))),
            make("p", {class: "how-note"}, say("how.rest", {rest: value.total - weights.length, total: value.total})));
        const stage = makeStage(value);
        stage.append(canvas);
        root.replaceChildren(make("div", {class: "how-pair"}, controls, make("div", {class: "how-mixed"},
            stage, makeLegend(say("how.least"), say("how.most")), text)));
        show();
    });

    // Step 3
    const showAttention = (element, props, watch) => follow(element, props, watch, (root, value) => {
        if (!value.turned) return root.replaceChildren(make("p", {class: "how-note"}, say("how.no_attention")));
        if (value.blank) return root.replaceChildren(sayBlank(value));
        const {up, down, photos} = value.turned;
        const describe = ({weight, mean}) => [
            say("how.factor", {weight: weight.toFixed(2), mean: mean.toFixed(2)}),
            say("how.times", {times: (weight / mean).toFixed(mean && weight / mean < 0.095 ? 2 : 1)}),
        ];
        const groups = [["how.up", up], ["how.down", down]].map(([title, channels]) => make("section", {},
            make("h4", {}, say(title)), make("div", {class: "how-nine"},
                channels.map((channel) => makeChannel(value, channel, describe(channel))))));
        root.replaceChildren(make("div", {class: "how-pair"}, groups), make("p", {class: "how-result"}, say("how.without", {
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
            if (rows < PLACES) result.append(make("p", {}, say("how.rows", {done: rows * PLACES})));
            if (value.blank) return result.append(sayBlank(value));
            if (Math.max(Math.abs(drops.bottom), Math.abs(drops.top)) < 0.01)
                return result.append(make("p", {}, say("how.no_drop")));
            const canvas = makeCanvas(say("how.drops_alt"));
            canvas.style.height = `${100 * rows / PLACES}%`;
            studio.maps.paint(canvas, drops, [value.size[0], value.size[1] * rows / PLACES]);
            square.before(canvas);
            result.append(makeLegend(points(-drops.low), points(-drops.high)), make("p", {class: "how-note"}, say("how.drops")));
        };

        follow(element, props, watch, (root, value) => {
            const focused = document.activeElement && root.contains(document.activeElement) ? document.activeElement : null;
            const again = focused?.dataset.focus;
            stage = makeStage(value);
            square = make("div", {class: "how-square"});
            told = make("p", {class: "how-note", role: "status"});
            Object.entries({tabindex: 0, role: "application", "aria-label": say("how.stage"), "data-focus": "stage"})
                .forEach(([name, text]) => stage.setAttribute(name, text));
            stage.append(square);
            const result = make("div", {class: "how-result", role: "status"}, make("p", {}, say("how.before", {
                label: sayClass(value.label), before: percent(value.confidence)})));
            if (value.place) {
                const fall = value.after - value.confidence;
                result.append(make("p", {class: "how-after"}, say("how.after", {
                    row: value.place[0] + 1, column: value.place[1] + 1,
                    after: percent(value.after), points: points(fall)})));
            }
            place(value.place ?? spot);
            if (value.drops) showDrops(value, result);
            const all = makeButton(say("how.ask_everywhere"), "all", () => { all.disabled = true; askEverywhere(); });
            all.disabled = Boolean(value.drops && value.rows < PLACES);
            root.replaceChildren(make("div", {class: "how-pair"}, make("div", {}, stage, told),
                make("div", {class: "how-controls"}, result,
                    make("div", {class: "how-buttons"}, makeButton(say("how.ask"), "one", send), all))));
            listen();
            if (again) root.querySelector(`[data-focus=${again}]`).focus({preventScroll: true});
        });
    };

    // The proof
    const CHANCE = 0.25;

    const makeShare = (share) => make("div", {class: "how-share"},
        make("i", {style: `width: ${100 * share}%`}), make("b", {style: `left: ${100 * CHANCE}%`}));

    const showShare = (value, result) => {
        const share = value.shares[value.quarter], label = sayClass(value.labels[value.quarter]);
        const most = value.shares.indexOf(Math.max(...value.shares));
        if (!value.map) return result.append(make("p", {}, say("how.nowhere", {label})));
        result.append(
            make("p", {}, say("how.share", {label, share: percent(share)})), makeShare(share),
            make("p", {class: "how-note"}, say("how.chance")),
            make("p", {}, most === value.quarter && share > CHANCE ? say("how.found")
                : share > CHANCE ? say("how.half_found", {other: sayClass(value.labels[most])})
                : say("how.not_found")));
    };

    const findClass = (element, props, watch, seek) => follow(element, props, watch, (root, value) => {
        const again = root.contains(document.activeElement) ? document.activeElement.dataset.quarter : undefined;
        const stage = makeStage(value, 1), result = make("div", {class: "how-result", role: "status"});
        stage.classList.add("how-mosaic");
        if (value.map) {
            const canvas = makeCanvas(say("how.map_alt", {label: sayClass(value.labels[value.quarter])}));
            studio.maps.paint(canvas, value.map, value.size);
            stage.append(canvas);
        }
        value.labels.forEach((label, quarter) => {
            const name = quarter ? sayClass(label) : say("how.yours", {label: sayClass(label)});
            stage.append(make("button", {
                type: "button", "data-quarter": quarter, "aria-pressed": String(value.quarter === quarter),
                "aria-label": say("how.seek", {label: name}), onclick: () => {
                    result.replaceChildren(make("p", {}, say("how.asking")));
                    seek({quarter});
                },
            }, make("span", {}, name)));
        });
        if (value.shares) showShare(value, result);
        else result.append(make("p", {}, say("how.click")));
        root.replaceChildren(make("div", {class: "how-pair"}, stage, result));
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
