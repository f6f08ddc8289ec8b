import { useSignal } from "@preact/signals";
import { roomPath } from "../state/entry.ts";
import { friendlyRoomName, toRoomName } from "../state/room-names.ts";
import { navigate } from "../state/routes.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { IconButton } from "../ui/icon-button.tsx";

/** Any name makes a room (`ROOM_ACCESS=open`). */
export function OpenRoom() {
  const name = useSignal(friendlyRoomName());
  const tidy = name.value.replace(/-+$/, "");

  const go = (event: Event) => {
    event.preventDefault();
    if (tidy !== "") navigate(roomPath(tidy));
  };

  return (
    <form class="stack" onSubmit={go}>
      <h1 class="title">Meet in a room</h1>
      <Field
        label="Name of the room"
        value={name.value}
        onInput={typed => {
          name.value = toRoomName(typed);
        }}
        hint="Whoever opens the same name meets you there."
        input={{
          name: "room",
          autocomplete: "off",
          autocapitalize: "none",
          spellcheck: false,
          required: true,
          maxLength: 64,
        }}
        end={
          <IconButton
            icon="shuffle"
            label="Another name"
            size="small"
            onClick={() => {
              name.value = friendlyRoomName();
            }}
          />
        }
      />
      <Button type="submit" kind="primary" disabled={tidy === ""} testId="go">
        Go to the room
      </Button>
    </form>
  );
}
