// Elements made by one call: attributes, listeners (`onclick`) and children; texts are never read as HTML.
studio.make = (tag, attributes = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
        if (value === undefined || value === null || value === false) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else if (name.startsWith("--")) element.style.setProperty(name, value);
        else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
    return element;
};

// The parts of an element by the name that `data-part` gives them.
studio.part = (element, name) => element.querySelector(`[data-part="${name}"]`);
