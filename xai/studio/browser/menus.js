// Typing into a menu searches it. Gradio would add the first letter to the choice that stands there, and find nothing:
// so the choice is selected when the menu is entered, and the letter takes its place.
{
    let entered = null;
    document.addEventListener("focusin", ({ target }) => {
        entered = target.matches("input[role=combobox]") ? target : null;
    });
    document.addEventListener("click", ({ target }) => {
        if (target === entered) target.select(); // not at focusin: the click would put the cursor there afterwards
        entered = null;
    });
}
