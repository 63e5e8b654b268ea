// Light or dark: as the system, or as chosen.

import {byId} from "./dom.js";

const KEY = "glia.theme";
const CHOICES = ["system", "light", "dark"];
const SIGNS = {system: "◐", light: "☀", dark: "☾"};

export function startTheme() {
  const control = byId("theme");
  let choice = CHOICES.includes(localStorage.getItem(KEY)) ? localStorage.getItem(KEY) : "system";
  const apply = () => {
    if (choice === "system") {
      delete document.documentElement.dataset.theme;
    } else {
      document.documentElement.dataset.theme = choice;
    }
    control.textContent = SIGNS[choice];
    control.title = `Colours: ${choice}`;
    control.setAttribute("aria-label", `Colours: ${choice}. Change`);
  };
  control.addEventListener("click", () => {
    choice = CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length];
    localStorage.setItem(KEY, choice);
    apply();
  });
  apply();
}
