import { render } from "preact";
import { App } from "./app.tsx";
import { applyTheme } from "./state/preferences.ts";
import { watchRoute } from "./state/routes.ts";

applyTheme();
watchRoute();
const root = document.getElementById("app");
if (root) render(<App />, root);
