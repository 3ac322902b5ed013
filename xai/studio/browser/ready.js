// Gradio's parts arrive one by one and push each other about: the page is shown once the shown tab stands still.
(() => {
    const STILL = 3;  // looks in a row
    let before = "", still = 0;
    const look = setInterval(() => {
        const parts = [...document.querySelectorAll("[role=tabpanel] .block")].filter((block) => block.offsetParent);
        const now = `${parts.length} ${document.documentElement.scrollHeight}`;
        still = parts.length && now === before ? still + 1 : 0;
        before = now;
        if (still < STILL) return;
        clearInterval(look);
        document.documentElement.classList.add("ready");
    }, 60);
})();
