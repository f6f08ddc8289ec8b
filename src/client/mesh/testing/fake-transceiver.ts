/** A track without media. */
export interface FakeTrack {
  readonly id: string;
  readonly kind: string;
  enabled: boolean;
}

export interface FakeTransceiver {
  mid: string | null;
  readonly kind: string;
  direction: RTCRtpTransceiverDirection;
  currentDirection: RTCRtpTransceiverDirection | null;
  readonly sender: {
    track: FakeTrack | null;
    replaceTrack(track: FakeTrack | null): Promise<void>;
    setStreams(): void;
  };
  readonly receiver: { track: FakeTrack };
  /** Made or taken by addTrack: a remote offer's line may be paired with it. */
  byAddTrack: boolean;
  /** Made by a remote offer: goes when that is rolled back. */
  readonly byRemote: boolean;
  everSent: boolean;
}

export interface FakeTransceiverOptions {
  readonly kind: string;
  readonly direction: RTCRtpTransceiverDirection;
  readonly by: "addTrack" | "addTransceiver" | "remote";
  readonly receiverId: string;
  /** Queue a step of the connection. */
  operation(work: () => void): Promise<void>;
  /** The wanted direction is another. */
  changed(): void;
}

/** Make a transceiver without a track. */
export function createFakeTransceiver(options: FakeTransceiverOptions): FakeTransceiver {
  const { kind, by } = options;
  let { direction } = options;
  const transceiver: FakeTransceiver = {
    mid: null,
    kind,
    get direction() {
      return direction;
    },
    set direction(next) {
      direction = next;
      options.changed();
    },
    currentDirection: null,
    sender: {
      track: null,
      replaceTrack: track =>
        options.operation(() => {
          if (track && track.kind !== kind) throw new TypeError("another kind");
          transceiver.sender.track = track;
        }),
      setStreams() {},
    },
    receiver: { track: { id: options.receiverId, kind, enabled: true } },
    byAddTrack: by === "addTrack",
    byRemote: by === "remote",
    everSent: false,
  };
  return transceiver;
}
