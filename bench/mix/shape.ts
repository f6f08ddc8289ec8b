/** What is mixed, by either server. */
export interface Shape {
  readonly name: string;
  readonly rooms: number;
  /** Participants of each room, and how many of them speak. */
  readonly participants: number;
  readonly speakers: number;
}

export const SHAPES: readonly Shape[] = [
  { name: "mix 100 of which 3 speak", rooms: 1, participants: 100, speakers: 3 },
  { name: "mix 10x10 all speak", rooms: 10, participants: 10, speakers: 10 },
];

/** More than a core can mix, by few packets: the mixer is busy all the time, and nothing else is. */
export const BUSY: Shape = { name: "forward p99 beside a busy mix", rooms: 8, participants: 6, speakers: 6 };

/** One participant: where its RTP comes from and goes to. */
export interface Seat {
  readonly room: number;
  /** From 1, in its room. */
  readonly participant: number;
  readonly speaks: boolean;
}

export const seatsOf = ({ rooms, participants, speakers }: Shape): Seat[] =>
  Array.from({ length: rooms * participants }, (_, i) => {
    const participant = (i % participants) + 1;
    return { room: Math.floor(i / participants), participant, speaks: participant <= speakers };
  });

export const PAYLOAD_TYPE = 111;
/** What comes with this type is sent back at once, by the thread that forwards. */
export const ECHO_TYPE = 96;
/** Id of the audio level extension (RFC 6464). */
export const AUDIO_LEVEL = 1;
