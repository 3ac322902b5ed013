// Typing into a menu searches it. Gradio would add the first letter to the choice that stands there, and find nothing:
// so a click selects the choice, and the letter takes its place.
document.addEventListener("click", ({ target }) => {
    if (target.matches?.("input[role=combobox]")) target.select(); // at focusin the click would still move the cursor
});

// Gradio says `select` of a choice that is clicked. By Enter it is chosen without a word, but for an `input`, which comes
// whenever a menu is left as well, late perhaps, and with nothing chosen. So Enter clicks, and listeners hear `select`.
document.addEventListener("keydown", (event) => {
    const menu = event.target;
    if (event.key !== "Enter" || event.isComposing || !menu.matches?.("input[role=combobox]")) return;
    const option = document.getElementById(menu.getAttribute("aria-activedescendant"));
    if (!option) return;
    event.stopPropagation();
    option.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
}, true);
