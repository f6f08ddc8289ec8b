import { PHONE_ATTRIBUTES } from "../../protocol/phone-attributes.ts";
import type { Notices } from "./notices.ts";
import { HAND, nameOf } from "./people.ts";
import { callStateOf, failureText, isUnanswered } from "./phones.ts";
import type { Room } from "./sdk.ts";
import type { View } from "./view.ts";

/** Says joins, leaves, hands and chat to screen readers; the chat panel, while open, speaks for itself. */
export function announce(room: Room, notices: Notices, view: View): () => void {
  const find = (pid: string) => room.store.get().participants.find(person => person.pid === pid);
  // A leave arrives when the snapshot has already let go of the name.
  const names = new Map(room.store.get().participants.map(person => [person.pid, nameOf(person)]));
  const calls = new Map(
    room.store.get().participants.flatMap(person => {
      const state = callStateOf(person);
      return state === undefined ? [] : [[person.pid, state] as const];
    }),
  );
  /** A telephone has answered, or will not. */
  const tellCall = (pid: string, state: string, reason: string | undefined): void => {
    const waited = isUnanswered(calls.get(pid));
    calls.set(pid, state);
    const name = names.get(pid);
    if (!waited || name === undefined) return;
    if (state === "active") notices.say(`${name} answered`);
    const text = state === "ended" ? failureText(name, reason) : undefined;
    if (text !== undefined) notices.show({ id: `phone-${pid}`, text });
  };
  const stops = [
    room.on("participant.joined", ({ participant }) => {
      names.set(participant.pid, nameOf(participant));
      const state = callStateOf(participant);
      if (state !== undefined) calls.set(participant.pid, state);
      notices.say(isUnanswered(state) ? `Calling ${nameOf(participant)}` : `${nameOf(participant)} joined`);
    }),
    room.on("participant.left", ({ pid }) => {
      const name = names.get(pid);
      names.delete(pid);
      calls.delete(pid);
      if (name) notices.say(`${name} left`);
    }),
    room.on("participant.updated", ({ pid, name, attributes }) => {
      const status = attributes?.[PHONE_ATTRIBUTES.state];
      if (status) tellCall(pid, status, attributes?.[PHONE_ATTRIBUTES.reason] ?? undefined);
      const person = find(pid);
      if (!person) return;
      if (name !== undefined) names.set(pid, nameOf(person));
      const hand = attributes?.[HAND];
      if (hand) notices.say(`${nameOf(person)} raised a hand`);
      else if (hand === null) notices.say(`${nameOf(person)} lowered the hand`);
    }),
    room.on("source.published", ({ pid, source }) => {
      const person = find(pid);
      if (person && source.kind === "screen") notices.say(`${nameOf(person)} shares a screen`);
    }),
    room.on("chat.message", ({ message }) => {
      if (message.identity !== room.store.get().you.identity && view.panel.value !== "chat")
        notices.say(`${message.name}: ${message.text}`);
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
