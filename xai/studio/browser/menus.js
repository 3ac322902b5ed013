// Typing into a menu searches it. Gradio would add the first letter to the choice that stands there, and find nothing:
// so a click selects the choice, and the letter takes its place.
document.addEventListener("click", ({ target }) => {
    if (target.matches?.("input[role=combobox]")) target.select(); // at focusin the click would still move the cursor
});
