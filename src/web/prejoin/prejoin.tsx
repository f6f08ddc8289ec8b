import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Capture } from "../state/capture.ts";
import { textOf } from "../state/error-texts.ts";
import { preferences } from "../state/preferences.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { useKeys } from "../ui/use-keys.ts";
import { DevicePickers } from "./device-pickers.tsx";
import { Faults } from "./faults.tsx";
import { Preview } from "./preview.tsx";

interface PreJoinProps {
  readonly room: string;
  /** The name that an application gave. */
  readonly givenName: string | undefined;
  readonly microphone: Capture;
  readonly camera: Capture;
  readonly onJoin: (name: string) => Promise<void>;
}

const toggle = (capture: Capture) => {
  if (capture.state.value === "off") void capture.open();
  else capture.close();
};

/** Before the call: how one looks and sounds, a name, one button. */
export function PreJoin({ room, givenName, microphone, camera, onJoin }: PreJoinProps) {
  const name = useSignal(givenName ?? preferences.name.value);
  const busy = useSignal(false);
  const error = useSignal<string | undefined>(undefined);

  useEffect(() => {
    for (const capture of [microphone, camera]) if (capture.allowed.value) void capture.open();
  }, []);

  useKeys(key => {
    const capture = { M: microphone, V: camera }[key];
    if (!capture?.allowed.value) return false;
    toggle(capture);
    return true;
  });

  const join = async (event: Event) => {
    event.preventDefault();
    const tidy = name.value.trim();
    if (busy.value || tidy === "") return;
    busy.value = true;
    error.value = undefined;
    preferences.name.value = tidy;
    try {
      await onJoin(tidy);
    } catch (problem) {
      error.value = textOf(problem);
    } finally {
      busy.value = false;
    }
  };

  return (
    <main class="page prejoin">
      <Preview microphone={microphone} camera={camera} name={name.value} onToggle={toggle} />
      <form class="prejoin-form" onSubmit={join}>
        <h1 class="title">
          Join <bdi>{room}</bdi>
        </h1>
        <Faults microphone={microphone} camera={camera} />
        <Field
          label="Your name"
          value={name.value}
          onInput={typed => {
            name.value = typed;
          }}
          input={{ name: "name", autocomplete: "name", maxLength: 80, required: true, dir: "auto" }}
        />
        <DevicePickers microphone={microphone} camera={camera} />
        <div class="prejoin-go">
          {error.value && (
            <p class="field-error" role="alert">
              {error.value}
            </p>
          )}
          <Button type="submit" kind="primary" busy={busy.value} disabled={name.value.trim() === ""} testId="join">
            {busy.value ? "Joining…" : "Join"}
          </Button>
        </div>
      </form>
    </main>
  );
}
