// A picture as large as the window allows; Escape, a click or the button closes it.
studio.enlarge = (name, [width, height], layers, opacity = 1) => {
    const {make, say} = studio;
    const close = () => dialog.close();
    const dialog = make("dialog", {class: "enlarged", "aria-label": name, "--ar": width / height, "--opacity": opacity,
        "--w": width, "--hh": height, onclick: close},
        make("div", {class: "layers"}, layers), make("p", {}, name),
        make("button", {type: "button", class: "close", onclick: close}, say("stage.close")));
    dialog.addEventListener("close", () => dialog.remove());
    document.querySelector(".gradio-container").append(dialog);
    dialog.showModal();
};

// Rows of small pictures: a click, or Enter, opens one.
document.addEventListener("click", (event) => {
    const image = event.target.closest?.(".opens .thumbnail-item, .opens button")?.querySelector("img");
    if (!image) return;
    const copy = studio.make("img", {class: "photo", src: image.src, alt: ""});
    const text = image.closest("button")?.innerText || image.alt;
    studio.enlarge(text, [image.naturalWidth, image.naturalHeight], [copy]);
});
