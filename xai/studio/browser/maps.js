// Texts in the visitor's language, and maps: read as Python sends them, enlarged as torch does it, painted in colours.
studio.language = () => (navigator.language ?? "en").toLowerCase().split("-")[0] in studio.texts
    ? navigator.language.toLowerCase().split("-")[0] : "en";

studio.say = (key, details = {}) => (studio.texts[studio.language()][key] ?? studio.texts.en[key] ?? key)
    .replace(/\{(\w+)[^}]*\}/g, (whole, name) => details[name] ?? whole);

studio.maps = (() => {
    const SIDE = 448;  // pixels of a painted map's longer side; the browser scales it to the picture's

    const palettes = {}, pixels = {};
    const readBytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const getPalette = (name) => (palettes[name] ??= readBytes(studio.palettes[name]));  // 256 × red, green, blue

    // The same as a canvas takes them, one number a pixel: alpha, blue, green and red, the first byte last.
    const getPixels = (name) => (pixels[name] ??= Uint32Array.from({length: 256}, (_, color) => {
        const [red, green, blue] = getPalette(name).slice(3 * color);
        return 255 << 24 | blue << 16 | green << 8 | red;
    }));

    // The map's values, row by row: 65,536 steps from `bottom` to `top`, or the very values where they were sent.
    const decode = (map) => {
        if (map.values) return map.values;
        const step = (map.top - map.bottom) / 65535;
        return Float32Array.from(new Uint16Array(readBytes(map.data).buffer), (n) => map.bottom + step * n);
    };

    // Where each of `to` pixels lies between two of `from` cells, cell centres aligned.
    const align = (from, to) => Array.from({length: to}, (_, i) => {
        const at = Math.min(from - 1, Math.max(0, (i + 0.5) * from / to - 0.5));
        const cell = Math.floor(at);
        return [cell, Math.min(from - 1, cell + 1), at - cell];
    });

    // Values at H × W, bilinearly.
    const enlarge = (values, h, w, H, W) => {
        const rows = align(h, H), columns = align(w, W), out = new Float32Array(H * W);
        let o = 0;
        for (const [y0, y1, fy] of rows)
            for (const [x0, x1, fx] of columns)
                out[o++] = (values[y0 * w + x0] * (1 - fx) + values[y0 * w + x1] * fx) * (1 - fy)
                    + (values[y1 * w + x0] * (1 - fx) + values[y1 * w + x1] * fx) * fy;
        return out;
    };

    // Give a canvas the shape of a photo; returns its height and width.
    const setSize = (canvas, width, height) => {
        const scale = SIDE / Math.max(width, height);
        canvas.width = Math.max(1, Math.round(width * scale));
        canvas.height = Math.max(1, Math.round(height * scale));
        return [canvas.height, canvas.width];
    };

    // Paint a map in the shape of its photo; `low` and `high` are the values shown as none and as the most.
    const paint = (canvas, map, [width, height], colormap = "turbo", [low, high] = [map.low, map.high]) => {
        const [H, W] = setSize(canvas, width, height), context = canvas.getContext("2d");
        const image = context.createImageData(W, H), painted = new Uint32Array(image.data.buffer);
        const palette = getPixels(colormap);
        const values = enlarge(decode(map), map.h, map.w, H, W);
        const range = high > low ? 255 / (high - low) : 0;
        for (let i = 0; i < values.length; i++)
            painted[i] = palette[Math.max(0, Math.min(255, Math.round((values[i] - low) * range)))];
        context.putImageData(image, 0, 0);
    };

    // Paint which class each place speaks for, the stronger the more opaque; `regions` has a map and a colour a class.
    const paintRegions = (canvas, regions, [width, height], opacity = 0.75) => {
        const [H, W] = setSize(canvas, width, height), context = canvas.getContext("2d");
        const image = context.createImageData(W, H), {layers, colors} = regions;
        const enlarged = layers.map((map) => enlarge(decode(map), map.h, map.w, H, W));
        let most = 1e-12;
        for (const values of enlarged) for (const value of values) if (value > most) most = value;
        for (let i = 0; i < H * W; i++) {
            let winner = 0;
            for (let k = 1; k < enlarged.length; k++) if (enlarged[k][i] > enlarged[winner][i]) winner = k;
            const strength = Math.max(0, enlarged[winner][i] / most);
            image.data.set([...colors[winner], 255 * opacity * strength], 4 * i);
        }
        context.putImageData(image, 0, 0);
    };

    // Colours from none to the most, and the same as a CSS gradient.
    const getStops = (colormap) => {
        const palette = getPalette(colormap);
        return Array.from({length: 17}, (_, i) => 3 * Math.min(255, i * 16)).map((c) => `rgb(${palette.slice(c, c + 3).join(" ")})`);
    };
    const gradient = (colormap) => `linear-gradient(to right, ${getStops(colormap).join(", ")})`;

    return {decode, enlarge, paint, paintRegions, getStops, gradient};
})();
