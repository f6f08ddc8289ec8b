import { PACKET_HEADER } from "./packet.ts";

/** Gathers chunks into packets (RFC 9260 §6.10): control chunks first, then DATA, as they are added. */
export interface Bundle {
  /** Bytes that an empty packet holds. */
  readonly room: number;
  /** Bytes left in the packet at hand. */
  readonly space: number;
  /** Adds a chunk, shipping the packet at hand first if it doesn't fit. One longer than any packet is dropped. */
  add(chunk: Uint8Array): void;
  /** Sends what is gathered, if anything. */
  ship(): void;
}

export function createBundle(mtu: number, send: (chunks: readonly Uint8Array[]) => void): Bundle {
  const room = mtu - PACKET_HEADER;
  let chunks: Uint8Array[] = [];
  let space = room;

  function ship(): void {
    if (chunks.length > 0) send(chunks);
    chunks = [];
    space = room;
  }

  return {
    room,
    get space() {
      return space;
    },
    add(chunk) {
      if (chunk.length > room) return;
      if (chunk.length > space) ship();
      chunks.push(chunk);
      space -= chunk.length;
    },
    ship,
  };
}
