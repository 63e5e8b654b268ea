// What answers: a model with its effort, or two of them side by side, each with settings of its own if wanted.

import {announce} from "./announce.js";
import {button, byId, el} from "./dom.js";
import {inWords, openSettings} from "./settings.js";

const EFFORTS = [["", "Usual effort"], ["none", "No thinking"], ["low", "Low effort"], ["medium", "Medium effort"],
  ["high", "High effort"], ["auto", "Automatic"]];
const KEY = "glia.targets";

export class Targets {
  /** `{model, effort, settings}`, one or two of them. */
  list = [{model: "", effort: "", settings: {}}];
  /** As `/v1/models` lists them, with what the status says of those that are loaded. */
  models = [];
  #app;

  constructor(app) {
    this.#app = app;
  }

  /** Takes the models of the server, and chooses those that were chosen when the page was last open. */
  offer(models) {
    this.voice = models.find(model => model.output_modalities?.includes("audio"))?.id;
    this.models = models.filter(model => model.output_modalities?.includes("text") ?? true);
    const ids = this.models.map(model => model.id);
    const usable = kept().filter(target => ids.includes(target?.model)).slice(0, 2)
      .map(({model, effort, settings}) => ({model, effort, settings: settings ?? {}}));
    this.list = usable.length ? usable : [{model: ids[0] ?? "", effort: "", settings: {}}];
    this.#show();
  }

  /** Takes what loaded models can do. */
  take(status) {
    for (const model of this.models) {
      const found = status.models.find(one => one.id === model.id);
      if (found && model.thinks !== found.thinks) {
        Object.assign(model, found);
        this.#show();
      }
    }
  }

  #show() {
    byId("targets").replaceChildren(...this.list.map((target, i) => this.#row(target, i)));
    byId("compare").setAttribute("aria-pressed", String(this.list.length > 1));
    this.#app.targetsChanged();
  }

  #row(target, i) {
    const nth = this.list.length > 1 ? ` ${i + 1}` : "";
    const choice = (name, label, chosen, options) => el("select", {"aria-label": `${label}${nth}`, class: name,
      onChange: event => {
        target[name] = event.target.value;
        this.#keep();
      }}, ...options.map(([value, text]) => el("option", {value, selected: value === chosen}, text)));
    const effort = choice("effort", "Effort of thinking", target.effort, EFFORTS);
    effort.hidden = this.#model(target.model)?.thinks === false;
    const words = inWords(target.settings);
    const own = nth && button("⚙", () => this.#openOwn(target, i), {class: "icon",
      "aria-label": `Settings of answer${nth}`, title: words || `Settings of answer${nth}`,
      "aria-pressed": String(words !== "")});
    return el("div", {class: "target"}, i ? el("span", {class: "versus"}, "and") : null,
      choice("model", "Model", target.model, this.models.map(one => [one.id, one.id])), effort, own || null);
  }

  #openOwn(target, i) {
    openSettings("", target.settings, `Settings of answer ${i + 1}`);
    byId("settings").addEventListener("close", () => this.#keep(), {once: true});
  }

  #keep() {
    localStorage.setItem(KEY, JSON.stringify(this.list));
    const controls = () => [...byId("targets").querySelectorAll("select, button")];
    const at = controls().indexOf(document.activeElement);
    this.#show();
    controls()[at]?.focus();
  }

  /** One answer or two: the second is of the next model, or of another effort where there is one that thinks. */
  toggle() {
    const [first] = this.list;
    if (this.list.length > 1) {
      this.list = [first];
    } else {
      const other = this.models.find(model => model.id !== first.model);
      const opposite = first.effort === "none" || this.firstModel()?.thinks === false ? "" : "none";
      this.list.push({model: other?.id ?? first.model, effort: other ? "" : opposite, settings: {}});
    }
    this.#keep();
    announce(this.list.length > 1 ? "Two answers side by side." : "One answer.");
  }

  #model(id) {
    return this.models.find(model => model.id === id);
  }

  firstModel() {
    return this.#model(this.list[0].model);
  }

  /** The effort of a request; none for models that do not think. */
  effort(model, effort) {
    return this.#model(model)?.thinks === false ? "" : effort;
  }

  /** Whether all chosen models take images, or sounds. */
  takes(kind) {
    return this.list.every(target => this.#model(target.model)?.input_modalities?.includes(kind));
  }
}

/** What answered when the page was last open. */
function kept() {
  try {
    const list = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}
