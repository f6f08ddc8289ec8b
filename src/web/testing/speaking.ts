/**
 * Stands in for `tandem/speaking`: whoever the scene lets speak.
 * @module
 */
import type { Level } from "../../client/speaking.ts";
import type { Room } from "../state/sdk.ts";
import { pidOf, sceneOf } from "./scene.ts";

const soon = (tell: () => void) => {
  const timer = setTimeout(tell, 200);
  return () => clearTimeout(timer);
};

export function watchLevel(_sound: unknown, listener: (level: Level) => void): () => void {
  return soon(() => listener({ level: 0.62, speaking: true }));
}

export function watchSpeaking(_room: Room, listener: (speakers: ReadonlySet<string>) => void): () => void {
  const speakers = sceneOf(location.search).others.flatMap(({ speaking }, index) => (speaking ? pidOf(index) : []));
  return soon(() => listener(new Set(speakers)));
}

export function watchSpeakingWhileMuted(_room: Room, listener: (speaking: boolean) => void): () => void {
  const speaking = sceneOf(location.search).speakingWhileMuted === true;
  const timer = setInterval(() => listener(speaking), 500);
  return () => clearInterval(timer);
}
