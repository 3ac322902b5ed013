// What stands in the address, so that a link opens what was seen: the shown tab, and what in it differs from how it
// opens. Other scripts keep what only the browser knows there, by `get` and `put`, and hear "studio:popped" on Back and
// Forward. A name must not be "view", which is Gradio's own. An uploaded photo is never in the address: `own` in
// `history.state` says that one was shown.
studio.address = (() => {
    const read = () => new URLSearchParams(location.search);
    const language = read().get("lang");
    if (Object.hasOwn(studio.texts, language ?? ""))
        for (const [key, value] of [["language", language], ["languages", [language]]])
            Object.defineProperty(navigator, key, {get: () => value});

    const components = {};
    for (const {props} of gradio_config.components ?? []) if (props.elem_id) components[props.elem_id] = props;
    // Of each tab: its `menus` by name (their ids), what `follows` from which menu, and the `example` that it opens with.
    const tabs = components.history?.props.tabs ?? {};
    const first = Object.keys(tabs)[0];
    const opening = {};  // what each menu shows as the page opens, by id
    for (const {menus} of Object.values(tabs)) for (const id of Object.values(menus)) opening[id] = components[id].value;
    const names = new Set(["example", ...Object.values(tabs).flatMap(({menus}) => Object.keys(menus))]);
    const kept = {};  // of each tab: its part of the address, whether it is shown or not
    const own = new Set();  // the tabs that show a photo of the visitor's own

    const shown = () => Object.hasOwn(tabs, read().get("tab") ?? "") ? read().get("tab") : first;
    const remember = () => { kept[shown()] = [...read()].filter(([name]) => names.has(name)); };

    const write = (query, replace) => {
        const url = new URL(location);
        url.search = query;
        const state = {own: own.has(query.get("tab") ?? first)}, before = !!history.state?.own;
        if (url.href === location.href && state.own === before) return;
        replace ||= url.href === location.href && before;
        history[replace ? "replaceState" : "pushState"](state, "", url);
        remember();
    };

    const get = (name) => {
        names.add(name);
        return read().get(name);
    };

    // `null` stands for what the page opens with, which the address leaves out.
    const put = (name, value, {replace = false, tab = shown()} = {}) => {
        names.add(name);
        const {menus = {}, follows = {}, example} = tabs[tab] ?? {};
        const usual = name === "example" ? example : opening[menus[name]];
        const query = tab === shown() ? read() : new URLSearchParams(kept[tab] ?? []);
        if ((query.get(name) ?? usual ?? null) !== value)
            for (const [other, on] of Object.entries(follows)) if (on === name) query.delete(other);
        if (value === null || value === "" || value === usual) query.delete(name);
        else query.set(name, value);
        if (tab === shown()) write(query, replace);
        else kept[tab] = [...query];
    };

    // A tab shows an example, or, where that is "", a photo of the visitor's own. What Back and Forward brought, late
    // perhaps, is in the address already: only what the visitor did since then is written.
    let done = 1, popped = 0;
    for (const kind of ["pointerdown", "keydown", "drop", "paste", "change"])
        addEventListener(kind, () => { done = performance.now(); }, true);
    const putPhoto = (tab, example) => {
        if (popped > done) return;
        own[example ? "delete" : "add"](tab);
        put("example", example, {tab});
    };

    const show = (tab) => {
        if (tab === shown()) return;
        const query = read();
        for (const name of names) query.delete(name);
        if (tab === first) query.delete("tab");
        else query.set("tab", tab);
        for (const [name, value] of kept[tab] ?? []) query.set(name, value);
        write(query, false);
    };

    // Gradio translates only as the page opens, and an uploaded photo would not come along.
    const speak = (language) => {
        if (own.size && !confirm(studio.say("language_loses_photo"))) return;
        const url = new URL(location);
        url.searchParams.set("lang", language);
        location.assign(url);
    };

    // Before Gradio starts: the page opens as the address says, where it names what there is.
    const open = () => {
        const query = read(), {menus = {}, follows = {}} = tabs[shown()] ?? {};
        if (query.get("tab") !== shown()) query.delete("tab");
        else if (components.tabs) components.tabs.selected = shown();
        for (const [name, id] of Object.entries(menus)) {
            const value = query.get(name);
            if (components[id].choices.some(([, choice]) => choice === value)) components[id].value = value;
            else if (!(name in follows)) query.delete(name);  // what follows from another menu, Python knows
        }
        const url = new URL(location);
        if (`${query}` !== `${read()}`) url.search = query;
        history.replaceState({own: false}, "", url);  // after a reload there is no photo but an example
        remember();
    };
    open();

    addEventListener("popstate", () => {
        popped = performance.now();
        own[history.state?.own ? "add" : "delete"](shown());
        remember();
        dispatchEvent(new CustomEvent("studio:popped", {detail: {tab: shown(), own: own.has(shown())}}));
    });

    return {shown, get, put, putPhoto, show, speak};
})();
