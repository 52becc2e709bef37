// The page's own part of its one script: charts from their specifications, and the clip explorer.
(() => {
  "use strict";
  const data = (id) => JSON.parse(document.getElementById(id).textContent);
  const byId = (id) => document.getElementById(id);
  const make = (tag, attributes = {}, ...children) => {
    const svg = ["svg", "polyline", "line", "title"].includes(tag);
    const element = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // Charts ---------------------------------------------------------------------------------------------------------
  const embed = { mode: "vega-lite", ast: true, actions: false, renderer: "svg", defaultStyle: false };
  const drawn = Object.entries(data("charts")).map(([key, spec]) => window.vegaEmbed(byId(`${key}-chart`), spec, embed));
  Promise.all(drawn).then(() => { document.body.dataset.charts = drawn.length; });

  // Explorer -------------------------------------------------------------------------------------------------------
  const { clips, models, first } = data("clips");
  if (!clips.length) return;
  const root = byId("explorer"), slider = byId("shift"), picture = byId("picture");
  const state = { clip: 0, axis: null, place: 0, player: null, turn: 0 };
  const decoded = new Map();

  const signed = (value, unit) => `${value < 0 ? "−" : value > 0 ? "+" : ""}${Math.abs(value)} ${unit}`;
  const score = (value) => (value === null ? "–" : value.toFixed(2));
  const clip = () => clips[state.clip];
  const axis = () => clip().axes[state.axis];
  const stops = () => {
    const one = axis(), sounds = Object.keys(one.sounds);
    const all = one.shifts.map((_, place) => place);
    return !sounds.length || one.sounds.tape ? all : all.filter((place) => one.sounds[place]);
  };

  function decode(text, rate) {
    if (!decoded.has(text)) {
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      const reader = new OfflineAudioContext(1, 1, rate);
      decoded.set(text, reader.decodeAudioData(bytes.buffer).then((sound) => sound.getChannelData(0)));
    }
    return decoded.get(text);
  }

  // The samples a model heard at one shift: cut from the tape of delays, or a sound of its own.
  async function samplesAt(one, found, place) {
    const text = found.sounds.tape ?? found.sounds[place];
    if (!text) return null;
    const samples = await decode(text, one.rate);
    return found.sounds.tape ? samples.subarray(found.cuts[place], found.cuts[place] + one.samples) : samples;
  }

  function fft(re, im) {
    const n = re.length;
    for (let i = 1, j = 0; i < n; i++) {
      let bit = n >> 1;
      for (; j & bit; bit >>= 1) j ^= bit;
      j ^= bit;
      if (i < j) { [re[i], re[j]] = [re[j], re[i]]; [im[i], im[j]] = [im[j], im[i]]; }
    }
    for (let size = 2; size <= n; size *= 2) {
      const angle = (-2 * Math.PI) / size;
      for (let start = 0; start < n; start += size) {
        for (let k = 0; k < size / 2; k++) {
          const c = Math.cos(angle * k), s = Math.sin(angle * k), a = start + k, b = a + size / 2;
          const x = re[b] * c - im[b] * s, y = re[b] * s + im[b] * c;
          re[b] = re[a] - x; im[b] = im[a] - y; re[a] += x; im[a] += y;
        }
      }
    }
  }

  const COLUMNS = 260, RANGE_DB = 70;
  function spectrogram(samples, rate) {
    const size = 2 ** Math.round(Math.log2(0.032 * rate)), bins = size / 2;
    const levels = new Float32Array(COLUMNS * bins);
    const hann = Float64Array.from({ length: size }, (_, i) => 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / size));
    for (let column = 0; column < COLUMNS; column++) {
      const start = Math.round(((column + 0.5) / COLUMNS) * samples.length - size / 2);
      const re = hann.map((weight, i) => weight * (samples[start + i] ?? 0)), im = new Float64Array(size);
      fft(re, im);
      for (let k = 0; k < bins; k++) {
        levels[column * bins + k] = 10 * Math.log10(re[k] ** 2 + im[k] ** 2 + 1e-12);
      }
    }
    return { levels, bins };
  }

  // Viridis at nine places; light means loud, on light and dark pages alike.
  const COLOURS = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129],
    [92, 200, 99], [170, 220, 50], [253, 231, 37]];
  function colour(share) {
    const place = Math.min(Math.max(share, 0), 1) * 7.999, low = Math.floor(place);
    return COLOURS[low].map((value, i) => value + (place - low) * (COLOURS[low + 1][i] - value));
  }

  function paint({ levels, bins }, top, one, partials, clean) {
    const image = new ImageData(COLUMNS, bins);
    for (let column = 0; column < COLUMNS; column++) {
      for (let k = 0; k < bins; k++) {
        const rgb = colour(1 + (levels[column * bins + k] - top) / RANGE_DB);
        image.data.set([...rgb, 255], 4 * ((bins - 1 - k) * COLUMNS + column));
      }
    }
    const small = new OffscreenCanvas(COLUMNS, bins);
    small.getContext("2d").putImageData(image, 0, 0);
    const ratio = window.devicePixelRatio || 1, wide = picture.clientWidth, high = picture.clientHeight;
    picture.width = wide * ratio; picture.height = high * ratio;
    const pen = picture.getContext("2d");
    pen.scale(ratio, ratio);
    const left = 38, bottom = 34, width = wide - left - 26, height = high - bottom - 6;
    pen.drawImage(small, left, 6, width, height);
    pen.fillStyle = getComputedStyle(root).color;
    pen.font = "11px system-ui, sans-serif";
    const seconds = one.samples / one.rate, nyquist = one.rate / 2;
    const step = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60].find((each) => seconds / each <= 6) ?? 120;
    pen.textAlign = "center";
    for (let at = 0; at <= seconds * 1.0001; at += step) {
      pen.fillText(at.toFixed(step < 0.1 ? 2 : step < 1 ? 1 : 0), left + (at / seconds) * width, high - bottom + 14);
    }
    pen.fillText("time in the window (s)", left + width / 2, high - 4);
    pen.textAlign = "right";
    for (let at = 0; at <= nyquist; at += nyquist > 9000 ? 4000 : nyquist > 3000 ? 2000 : 1000) {
      pen.fillText(at / 1000, left - 5, 6 + height * (1 - at / nyquist) + (at ? 4 : 0));
    }
    pen.textAlign = "left";
    pen.fillText("kHz", 2, 14);
    const ticks = (places, style, reach) => {
      pen.strokeStyle = style; pen.lineWidth = 2;
      for (const hertz of (places ?? []).filter((value) => value !== null)) {
        const y = 6 + height * (1 - hertz / nyquist);
        pen.beginPath(); pen.moveTo(left + width + 3, y); pen.lineTo(left + width + 3 + reach, y); pen.stroke();
      }
    };
    ticks(clean, "#767676", 8);
    ticks(partials, "#d55e00", 20);
  }

  function showAnswers() {
    const one = axis();
    byId("answers").replaceChildren(...one.answers.map((found) => {
      const style = models[found.model], top = found.top[state.place], zero = found.top[one.zero];
      const rows = found.classes.map((name, index) => {
        const now = found.scores[state.place][index], before = found.scores[one.zero][index];
        const bar = make("div", { class: "bar" }), level = make("div"), mark = make("i");
        level.style.width = `${100 * Math.min(Math.max(now ?? 0, 0), 1)}%`;
        level.style.background = style.colour;
        mark.style.left = `${100 * Math.min(Math.max(before ?? 0, 0), 1)}%`;
        bar.append(level, mark);
        const row = make("tr", index === top ? { class: index === zero ? "top" : "top flipped" } : {});
        row.append(make("th", { scope: "row" }, name), make("td", {}, bar), make("td", {}, score(now)));
        return row;
      });
      const said = top === zero ? "same answer as unshifted" : `unshifted: ${found.classes[zero] ?? "none"}`;
      const caption = make("caption", {}, make("b", {}, found.name), ` ${top === null ? "no answer" : found.classes[top]}, ${said}`);
      const head = make("thead", { class: "unseen" }, make("tr", {}, ...["class", "bar", "score"].map((text) => make("th", { scope: "col" }, text))));
      return make("table", { class: "answers", "data-model": found.model }, caption, head, make("tbody", {}, ...rows));
    }));
  }

  function showTrace() {
    const one = axis(), low = one.shifts[0], high = one.shifts.at(-1), x = (shift) => (300 * (shift - low)) / (high - low || 1);
    const svg = make("svg", { viewBox: "-2 -4 304 88", class: "trace", role: "img", "aria-labelledby": "trace-caption" });
    svg.append(make("line", { x1: 0, x2: 300, y1: 80, y2: 80, class: "rule" }), make("line", { x1: 0, x2: 300, y1: 0, y2: 0, class: "rule" }));
    for (const found of one.answers) {
      const clean = found.top[one.zero], style = models[found.model];
      if (clean === null) continue;
      const points = one.shifts.map((shift, place) => [x(shift), found.scores[place][clean]]).filter((point) => point[1] !== null);
      const line = make("polyline", { points: points.map(([at, value]) => `${at.toFixed(1)},${(80 - 80 * value).toFixed(1)}`).join(" ") });
      line.setAttribute("stroke", style.colour);
      line.setAttribute("stroke-dasharray", style.dashes);
      svg.append(line);
    }
    const now = x(one.shifts[state.place]);
    svg.append(make("line", { x1: now, x2: now, y1: -4, y2: 84, class: "now" }));
    byId("trace").replaceChildren(svg);
    byId("trace-caption").textContent = `Score of each model’s unshifted answer at all ${one.shifts.length} shifts from ` +
      `${signed(low, one.unit)} to ${signed(high, one.unit)}; top is 1, bottom 0, the upright line is where you are.`;
  }

  function otherPitched() {
    const pitched = clips.find((one) => one.pitchless === "");
    return pitched ? `${pitched.name} has a pitch.` : "No clip on this page has a pitch.";
  }

  function showPartials() {
    const one = axis(), table = byId("partials");
    const before = one.partials?.[one.zero], after = one.partials?.[state.place];
    table.hidden = !after;
    byId("no-partials").hidden = Boolean(after);
    byId("no-partials").textContent = clip().pitchless ? `No partials to follow in this clip (${clip().pitchless}). ${otherPitched()}`
      : clip().silent ? "" : "No partials to follow along this axis: a frequency shift or a pitch shift moves them.";
    if (!after) return;
    const base = (places) => places.find((value) => value !== null);
    const cell = (value, digits) => make("td", {}, value === null || value === undefined ? "–" : value.toFixed(digits));
    table.tBodies[0].replaceChildren(...after.map((hertz, index) => {
      const ratio = (places) => (places[index] === null ? null : places[index] / base(places));
      return make("tr", {}, make("th", { scope: "row" }, String(index + 1)), cell(before[index], 0), cell(hertz, 0),
        cell(ratio(before), 2), cell(ratio(after), 2));
    }).filter((_, index) => before[index] !== null || after[index] !== null));
  }

  async function showSound() {
    const one = clip(), found = axis(), turn = ++state.turn;
    const [now, clean] = await Promise.all([samplesAt(one, found, state.place), samplesAt(one, found, found.zero)]);
    if (turn !== state.turn) return;
    const there = now !== null && clean !== null;
    picture.hidden = !there;
    byId("play").disabled = byId("play-clean").disabled = !there;
    root.dataset.ready = `${state.clip} ${state.axis} ${state.place}`;
    if (!there) {
      byId("heard").textContent = one.silent ? `No sound: ${one.silent}.` : "No sound along this axis: only the model’s spectrogram was moved.";
      return;
    }
    const reference = spectrogram(clean, one.rate), top = reference.levels.reduce((a, b) => Math.max(a, b));
    paint(spectrogram(now, one.rate), top, one, found.partials?.[state.place], found.partials?.[found.zero]);
    const peak = now.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    byId("heard").textContent = `What ${one.hearer} heard: ${(now.length / one.rate).toFixed(2)} s at ${one.rate} Hz, ` +
      `peak ${peak.toFixed(3)} of full scale. Bright is loud, over ${RANGE_DB} dB.` +
      (found.partials ? " Right edge: partials now (orange) and unshifted (grey)." : "");
    picture.setAttribute("aria-label", `Spectrogram of ${one.name}, ${found.amount} ${signed(found.shifts[state.place], found.unit)}`);
  }

  function show() {
    const one = axis(), text = signed(one.shifts[state.place], one.unit);
    byId("amount").textContent = text;
    slider.setAttribute("aria-valuetext", text);
    byId("shift-name").textContent = one.amount;
    byId("stops").textContent = stops().length < one.shifts.length
      ? `The slider stops at the ${stops().length} of ${one.shifts.length} shifts that have a sound on this page.` : "";
    showAnswers(); showTrace(); showPartials();
    return showSound();
  }

  function chooseAxis(name, place) {
    state.axis = name;
    const all = stops(), wanted = place ?? axis().zero;
    slider.max = all.length - 1;
    const nearest = all.reduce((best, each, index) => (Math.abs(each - wanted) < Math.abs(all[best] - wanted) ? index : best), 0);
    slider.value = nearest;
    state.place = all[nearest];
    return show();
  }

  function chooseClip(index, name, place) {
    state.clip = index;
    byId("clip").value = index;
    const names = Object.keys(clip().axes), chosen = names.includes(name) ? name : names[0];
    byId("axes").replaceChildren(make("legend", {}, "Change"), ...names.map((each) => {
      const radio = make("input", { type: "radio", name: "axis", value: each });
      radio.checked = each === chosen;
      radio.addEventListener("change", () => chooseAxis(each));
      return make("label", {}, radio, ` ${clip().axes[each].amount}`);
    }));
    return chooseAxis(chosen, place);
  }

  function stop() {
    state.player?.close();
    state.player = null;
  }

  async function play(place) {
    stop();
    const one = clip(), samples = await samplesAt(one, axis(), place);
    if (samples === null) return;
    const player = (state.player = new AudioContext({ sampleRate: one.rate }));
    const buffer = player.createBuffer(1, samples.length, one.rate), source = player.createBufferSource();
    buffer.copyToChannel(samples, 0);
    source.buffer = buffer;
    source.connect(player.destination);
    source.onended = () => { if (state.player === player) stop(); };
    source.start();
    root.dataset.played = `${samples.length / one.rate} s`;
  }

  clips.forEach((one, index) => byId("clip").append(make("option", { value: index }, one.label ? `${one.name} (${one.label})` : one.name)));
  byId("clip").addEventListener("change", (event) => chooseClip(Number(event.target.value), state.axis));
  slider.addEventListener("input", () => { state.place = stops()[slider.value]; show(); });
  byId("play").addEventListener("click", () => play(state.place));
  byId("play-clean").addEventListener("click", () => play(axis().zero));
  for (const button of document.querySelectorAll("button.goto")) {
    button.addEventListener("click", () => {
      const { clip: index, axis: name } = button.dataset, one = clips[index].axes[name];
      const found = one.answers.find((each) => each.model === Number(button.dataset.model)) ?? one.answers[0];
      const flipped = one.shifts.map((_, place) => place).filter((place) => found.top[place] !== found.top[one.zero]);
      const nearest = flipped.sort((a, b) => Math.abs(a - one.zero) - Math.abs(b - one.zero))[0];
      chooseClip(Number(index), name, nearest);
      root.scrollIntoView();
      slider.focus({ preventScroll: true });
    });
  }
  window.addEventListener("resize", showSound);
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", showSound);
  root.hidden = false;
  chooseClip(first);
})();
