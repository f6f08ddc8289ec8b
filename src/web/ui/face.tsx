import { hueOf, initialsOf } from "../state/people.ts";
import { Icon } from "./icon.tsx";

interface FaceProps {
  readonly name: string;
  readonly phone?: boolean;
  /** `tile` fills its box with the tone; `disc` is a round mark in a list. */
  readonly shape: "tile" | "disc";
}

/** What is shown for somebody without a picture: initials on a tone of the name. */
export function Face({ name, phone, shape }: FaceProps) {
  return (
    <span class={`face face-${shape}`} style={{ "--hue": String(hueOf(name)) }} aria-hidden="true">
      <span class="face-mark">{phone ? <Icon name="phone" /> : initialsOf(name)}</span>
    </span>
  );
}
