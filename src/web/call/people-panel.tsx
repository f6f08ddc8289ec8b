import { watchLink } from "../state/entry.ts";
import { byHand } from "../state/people.ts";
import { CopyField } from "../ui/copy.tsx";
import { useCall } from "./call-context.ts";
import { PanelHead } from "./panel-head.tsx";
import { PersonRow } from "./person-row.tsx";

/** Who is here. */
export function PeoplePanel() {
  const { you, others, link } = useCall();
  return (
    <aside class="panel" aria-labelledby="people-title" data-testid="people-panel">
      <PanelHead id="people-title" title="People" count={others.value.length + 1} />
      <ul class="people">
        <PersonRow person={you.value} own />
        {byHand(others.value).map(person => (
          <PersonRow key={person.pid} person={person} />
        ))}
      </ul>
      {link !== undefined && (
        <div class="panel-foot">
          <CopyField label="Link for others" text={link} />
          <CopyField
            label="Link for those who only watch"
            text={watchLink(link)}
            hint="A player: no camera, no microphone, no chat."
          />
        </div>
      )}
    </aside>
  );
}
