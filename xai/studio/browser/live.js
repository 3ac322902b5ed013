// The live camera: one frame at a time goes to the app, and its answer is shown as soon as it is back. Meanwhile the
// camera runs on and its frames are dropped, so that no answer is for an old one.
studio.live = (() => {
    const SHORT = 256;  // pixels of a sent frame's shorter side: no network reads more
    const LONG = 1024;  // pixels of the longer side of a frame that becomes the photo
    const STALE = 1000;  // milliseconds that an answer stays where none follows
    const BUSY = 150;  // milliseconds before the app is asked again at the earliest, where others wait already
    const SILENT = 1000;  // the same, where it did not answer
    const REPORT = 500;  // milliseconds between two reports of the pace
    const TROUBLES = {
        NotAllowedError: "refused", SecurityError: "refused", NotReadableError: "taken", AbortError: "taken",
    };

    const canvas = document.createElement("canvas");
    const wait = (ms) => new Promise((done) => setTimeout(done, ms));
    const percent = (share) => `${Math.round(100 * share)}%`;
    const end = (stream) => stream?.getTracks().forEach((track) => track.stop());

    // The video as it is now, as a JPEG, no larger than it comes.
    const takeFrame = (video, scale, quality) => {
        canvas.width = Math.round(video.videoWidth * Math.min(1, scale));
        canvas.height = Math.round(video.videoHeight * Math.min(1, scale));
        canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
        return canvas.toDataURL("image/jpeg", quality);
    };

    // Make a panel live: `ask` takes {jpeg, network} and gives an answer, `use` takes a JPEG as the page's photo.
    const open = (element, ask, use) => {
        const find = (name) => element.querySelector(`.live-${name}`);
        const video = find("video"), map = find("map"), network = find("network");
        const write = (name, key, details) => { find(name).textContent = key ? studio.say(key, details) : ""; };
        let stream = null, run = 0;  // a run lasts from a camera's start to its stop; what is left of a former one ends

        // A new run, without a camera yet.
        const begin = () => {
            end(stream);
            stream = null;
            return ++run;
        };

        const stop = () => {
            begin();
            video.srcObject = null;
            find("panel").hidden = true;
            find("start").hidden = false;
            write("trouble");
        };

        const close = () => {
            stop();
            find("start").focus({preventScroll: true});
        };

        const complain = (reason) => {
            stop();
            write("trouble", `live.${reason}`);
        };

        const start = async (which) => {
            const own = begin();
            write("trouble", "live.asking");
            if (!navigator.mediaDevices) return complain("insecure");
            try {
                const size = {width: {ideal: 640}, height: {ideal: 480}};
                const lent = await navigator.mediaDevices.getUserMedia({video: {...size, ...which}});
                if (own !== run) return end(lent);  // the visitor left while the browser asked for leave
                stream = video.srcObject = lent;
                lent.getVideoTracks()[0].onended = () => complain("ended");
                await video.play();
            } catch (error) {
                return own === run && complain(TROUBLES[error.name] ?? "none");
            }
            if (own !== run) return;
            write("trouble");
            if (find("panel").hidden) {
                find("panel").hidden = false;
                find("stop").focus();
            }
            find("start").hidden = true;
            find("stage").style.setProperty("--ratio", video.videoWidth / video.videoHeight);
            find("switch").hidden = (await listCameras()).length < 2;
            await follow(own, makeShow());
        };

        const listCameras = async () => (await navigator.mediaDevices.enumerateDevices())
            .filter((device) => device.kind === "videoinput").map((device) => device.deviceId);

        const change = async () => {
            const cameras = await listCameras();
            const now = cameras.indexOf(stream?.getVideoTracks()[0].getSettings().deviceId);
            await start({deviceId: {exact: cameras[(now + 1) % cameras.length]}});
        };

        // Ask about frame after frame, each as it is when the answer to the one before has been shown.
        const follow = async (own, show) => {
            let stale;
            const forget = (key) => {
                map.width = map.height = 1;
                find("panel").classList.add("live-waits");
                write("answer", key);
            };
            forget("live.waiting");
            while (own === run) {
                const taken = performance.now();
                const scale = SHORT / Math.min(video.videoWidth, video.videoHeight);
                const answer = await ask({jpeg: takeFrame(video, scale, 0.8), network: network.value});
                if (own !== run) break;
                if (answer?.label) {
                    clearTimeout(stale);
                    show(answer, taken);
                    stale = setTimeout(() => own === run && forget("live.waiting"), STALE);
                } else if (answer?.busy) {
                    await wait(BUSY * (1 + Math.random()));
                } else {
                    forget("live.silent");
                    await wait(SILENT);
                }
            }
            clearTimeout(stale);
        };

        // What shows the answers of a run.
        const makeShow = () => {
            let times = [], reported = 0, said = "", former = "";
            return (answer, taken) => {
                const label = studio.say(`class.${answer.label}`);
                find("panel").classList.remove("live-waits");
                write("answer", "live.answer", {label, confidence: percent(answer.confidence)});
                find("confidences").querySelectorAll("li").forEach((row, i) => {
                    const [name, share] = answer.confidences[i];
                    row.querySelector("span").textContent = studio.say(`class.${name}`);
                    row.querySelector("b").textContent = percent(share);
                    row.style.setProperty("--share", share);
                });
                find("strange").style.visibility = answer.familiar === false ? "visible" : "hidden";
                if (answer.map) studio.maps.paint(map, answer.map, answer.size);
                else map.width = map.height = 1;  // nothing speaks for the answer: the plain video
                const now = performance.now();
                times = [...times.filter((time) => time > now - 2000), now];
                if (now - reported < REPORT) return;
                reported = now;
                const rate = times.length > 1 ? (times.length - 1) / (now - times[0]) * 1000 : 0;
                if (rate) write("pace", "live.pace", {rate: rate.toFixed(1), delay: Math.round(now - taken)});
                if (label === former && label !== said) write("said", "live.said", {label: said = label});
                former = label;  // what screen readers say is what held for two reports
            };
        };

        element.querySelectorAll("[data-say]").forEach((each) => { each.textContent = studio.say(each.dataset.say); });
        find("panel").setAttribute("aria-label", studio.say("live.start"));
        map.setAttribute("aria-label", studio.say("live.map"));
        find("start").onclick = () => start({facingMode: "environment"});
        find("stop").onclick = close;
        find("switch").onclick = change;
        find("use").onclick = () => {
            if (!stream) return;
            use(takeFrame(video, LONG / Math.max(video.videoWidth, video.videoHeight), 0.92));
            close();
        };
        find("panel").onkeydown = (event) => {  // the panel covers the page, so nothing else is reached by keyboard
            if (event.key === "Escape") close();
            if (event.key !== "Tab") return;
            const all = [...find("panel").querySelectorAll("button:not([hidden]), select")];
            const next = all.indexOf(document.activeElement) + (event.shiftKey ? -1 : 1);
            all.at(next % all.length).focus();
            event.preventDefault();
        };
        document.addEventListener("visibilitychange", () => document.hidden && stop());
        addEventListener("pagehide", stop);
        new ResizeObserver(() => element.getClientRects().length || stop()).observe(element);  // another tab is shown
    };

    return {open};
})();
