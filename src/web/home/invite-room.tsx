import { useSignal } from "@preact/signals";
import type { Invitations } from "../../protocol/rest.ts";
import { api } from "../state/api.ts";
import { textOf } from "../state/error-texts.ts";
import { toRoomName } from "../state/room-names.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { InviteLinks } from "./invite-links.tsx";

/** The operator's password makes a room and its two links (`ROOM_ACCESS=invite`). */
export function InviteRoom() {
  const password = useSignal("");
  const name = useSignal("");
  const busy = useSignal(false);
  const error = useSignal<string | undefined>(undefined);
  const made = useSignal<Invitations | undefined>(undefined);

  const make = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    busy.value = true;
    error.value = undefined;
    try {
      const tidy = name.value.replace(/-+$/, "");
      made.value = await api.createInvitations({ password: password.value, ...(tidy ? { name: tidy } : {}) });
      password.value = "";
    } catch (problem) {
      error.value = textOf(problem);
    } finally {
      busy.value = false;
    }
  };

  if (made.value) return <InviteLinks made={made.value} />;
  return (
    <form class="stack" onSubmit={make}>
      <h1 class="title">Make a room</h1>
      <p class="quiet">Were you invited? Then open the link you were sent; there is nothing to do here.</p>
      <Field
        label="Operator's password"
        value={password.value}
        onInput={typed => {
          password.value = typed;
        }}
        error={error.value}
        input={{ type: "password", name: "password", autocomplete: "current-password", required: true, maxLength: 256 }}
      />
      <Field
        label="Name of the room"
        value={name.value}
        onInput={typed => {
          name.value = toRoomName(typed);
        }}
        hint="Left empty, it gets a random one."
        input={{ name: "room", autocomplete: "off", autocapitalize: "none", spellcheck: false, maxLength: 64 }}
      />
      <Button type="submit" kind="primary" busy={busy.value} testId="make">
        {busy.value ? "Making the room…" : "Make the room"}
      </Button>
    </form>
  );
}
