import { handOf, isAudible, nameOf, sourceOf } from "../state/people.ts";
import { callStateText } from "../state/phones.ts";
import type { ParticipantView } from "../state/sdk.ts";
import { Face } from "../ui/face.tsx";
import { Icon } from "../ui/icon.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { useCall } from "./call-context.ts";

const about = (person: ParticipantView, own: boolean): string => {
  const facts = [
    own ? "You" : "",
    person.moderator ? "Moderator" : "",
    person.kind === "phone" ? "Telephone" : "",
    callStateText(person) ?? "",
    person.kind === "bot" ? "Program" : "",
    person.state === "away" ? "Reconnecting…" : "",
  ];
  return facts.filter(fact => fact !== "").join(" · ");
};

/** One participant in the list, with what a moderator may do. */
export function PersonRow({ person, own = false }: { person: ParticipantView; own?: boolean }) {
  const call = useCall();
  const name = nameOf(person);
  const mic = sourceOf(person, "mic");
  const audible = isAudible(person);
  const moderates = call.you.value.grants.moderate === true && !own;
  const facts = about(person, own);
  return (
    <li class="person" data-pid={person.pid}>
      <Face name={name} phone={person.kind === "phone"} shape="disc" />
      <span class="person-who">
        <bdi class="person-name">{name}</bdi>
        {facts !== "" && <span class="small quiet">{facts}</span>}
      </span>
      {handOf(person) !== undefined && (
        <span class="mark-hand" role="img" aria-label="Hand up">
          <Icon name="hand" size={18} />
        </span>
      )}
      {moderates && mic && audible ? (
        <IconButton
          icon="mic"
          size="small"
          side="start"
          label={`Mute ${name}`}
          onClick={() => call.attempt(call.room.mute(mic.number))}
        />
      ) : (
        <span class="person-mic" role="img" aria-label={audible ? "Microphone on" : "Microphone off"}>
          <Icon name={audible ? "mic" : "mic-off"} size={18} />
        </span>
      )}
      {person.kind === "phone" && call.you.value.grants.dial && (
        <IconButton
          icon="phone"
          size="small"
          side="start"
          label={`Keys, hold and hang up: ${name}`}
          testId="phone"
          onClick={() => {
            call.view.dialog.value = { phone: person.pid };
          }}
        />
      )}
      {moderates && (
        <IconButton
          icon="remove"
          size="small"
          side="start"
          label={`Remove ${name}`}
          onClick={() => {
            call.view.dialog.value = { remove: person.pid, name };
          }}
        />
      )}
    </li>
  );
}
