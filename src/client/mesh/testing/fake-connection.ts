/**
 * A model of RTCPeerConnection (webrtc-pc §4, JSEP) strict enough to fail where a browser fails: signaling states, rollback,
 * pairing of transceivers with m-lines, the negotiation-needed flag, ICE generations, an answer to another offer than ours.
 * @module
 */
import type { VirtualTime } from "../../core/testing/virtual-time.ts";
import { createFakeIce } from "./fake-ice.ts";
import type { FakeNetwork } from "./fake-network.ts";
import {
  type Description,
  type FakeSdp,
  intersect,
  lineOf,
  readSdp,
  reverse,
  wantsOffer,
  writeSdp,
} from "./fake-sdp.ts";
import { createFakeTransceiver, type FakeTrack, type FakeTransceiver } from "./fake-transceiver.ts";

const state = (message: string): DOMException => new DOMException(message, "InvalidStateError");
let serial = 0;

/** Make a fake connection. `latency` gives how long each step takes, in ms. */
export function createFakeConnection(
  time: VirtualTime,
  network: FakeNetwork,
  latency: () => number,
  configuration: RTCConfiguration = {},
) {
  const name = `c${++serial}`;
  let transceivers: FakeTransceiver[] = [];
  let signaling: RTCSignalingState = "stable";
  let closed = false;
  const current: { local?: Description; remote?: Description } = {};
  const pending: { local?: Description; remote?: Description } = {};
  let before: { list: FakeTransceiver[]; mids: (string | null)[] } | undefined;
  let needed = false;
  let updateOnEmpty = false;
  let restartWanted = false;
  let generations = 0;
  let offers = 0;
  let chain: Promise<unknown> = Promise.resolve();
  let queued = 0;

  const operation = <T>(work: () => T): Promise<T> => {
    if (closed) return Promise.reject(state("closed"));
    queued++;
    const result = chain.then(async () => {
      await new Promise<void>(resolve => time.setTimer(resolve, latency()));
      // A closed connection's operations never settle.
      if (closed) return new Promise<T>(() => {});
      try {
        return work();
      } finally {
        queued--;
        if (queued === 0 && updateOnEmpty) {
          updateOnEmpty = false;
          updateNeeded();
        }
      }
    });
    chain = result.catch(() => {});
    return result;
  };

  const isNeeded = (): boolean => restartWanted || transceivers.some(one => wantsOffer(one, current));

  /** "Update the negotiation-needed flag", step by step (webrtc-pc §4.7.3). */
  function updateNeeded(): void {
    if (queued > 0) {
      updateOnEmpty = true;
      return;
    }
    time.setTimer(() => {
      if (closed) return;
      if (queued > 0) updateOnEmpty = true;
      else if (signaling !== "stable") return;
      else if (!isNeeded()) needed = false;
      else if (!needed) {
        needed = true;
        fake.onnegotiationneeded?.();
      }
    }, 0);
  }

  const ice = createFakeIce({
    time,
    network,
    agreed: () => ({ local: current.local?.sdp.ufrag, remote: current.remote?.sdp.ufrag }),
    used: ufrag => [pending.local, current.local].some(description => description?.sdp.ufrag === ufrag),
    candidate: candidate =>
      fake.onicecandidate?.({ candidate: candidate && { ...candidate, sdpMid: "0", sdpMLineIndex: 0 } }),
    stateChanged() {
      fake.oniceconnectionstatechange?.();
      fake.onconnectionstatechange?.();
    },
  });

  const nextMid = (): string => {
    const used = [...transceivers.map(({ mid }) => mid), ...(current.remote?.sdp.lines ?? []).map(({ mid }) => mid)];
    let mid = 0;
    while (used.includes(`${mid}`)) mid++;
    return `${mid}`;
  };

  const ufragFor = (anew: boolean): string => {
    const old = current.local?.sdp.ufrag;
    if (old && !anew) return old;
    const ufrag = `${name}u${++generations}`;
    ice.gather(ufrag);
    return ufrag;
  };

  const remember = (): void => {
    before ??= { list: [...transceivers], mids: transceivers.map(({ mid }) => mid) };
  };

  const rollback = (): void => {
    const fresh = transceivers.filter(transceiver => !before?.list.includes(transceiver));
    before?.list.forEach((transceiver, index) => {
      transceiver.mid = before?.mids[index] ?? null;
    });
    // What the offer made goes, unless it has been given a track meanwhile.
    const kept = fresh.filter(({ byAddTrack, byRemote }) => byAddTrack || !byRemote);
    for (const transceiver of kept) transceiver.mid = null;
    transceivers = [...(before?.list ?? transceivers), ...kept];
    before = undefined;
    delete pending.local;
    delete pending.remote;
    signaling = "stable";
    needed = false;
    updateNeeded();
  };

  const settle = (local: Description, remote: Description): void => {
    Object.assign(current, { local, remote });
    delete pending.local;
    delete pending.remote;
    before = undefined;
    for (const transceiver of transceivers) {
      const line = lineOf(local.type === "answer" ? local : remote, transceiver.mid);
      if (!line) continue;
      transceiver.currentDirection = local.type === "answer" ? line.direction : reverse(line.direction);
      if (transceiver.currentDirection.startsWith("send")) transceiver.everSent = true;
    }
    signaling = "stable";
    needed = false;
    updateNeeded();
    network.touch();
  };

  const makeOffer = (): Description => {
    remember();
    const old = (current.local?.sdp.lines ?? []).map(({ mid }) => mid);
    for (const transceiver of transceivers) transceiver.mid ??= nextMid();
    const order = [...old, ...transceivers.map(({ mid }) => mid).filter(mid => !old.includes(mid as string))];
    const lines = order.flatMap(mid =>
      transceivers
        .filter(other => other.mid === mid)
        .map(({ kind, direction }) => ({ mid: mid as string, kind, direction })),
    );
    const sdp = { offer: `${name}o${++offers}`, ufrag: ufragFor(restartWanted), candidates: 0, lines };
    restartWanted = false;
    return { type: "offer", sdp };
  };

  const makeAnswer = (offer: Description): Description => {
    const lines = offer.sdp.lines.map(({ mid, kind, direction }) => {
      const own = transceivers.find(transceiver => transceiver.mid === mid)?.direction ?? "inactive";
      return { mid, kind, direction: intersect(own, reverse(direction)) };
    });
    const anew = current.remote !== undefined && current.remote.sdp.ufrag !== offer.sdp.ufrag;
    if (anew) restartWanted = false;
    return { type: "answer", sdp: { offer: offer.sdp.offer, ufrag: ufragFor(anew), candidates: 0, lines } };
  };

  const make = (kind: string, by: "addTrack" | "addTransceiver" | "remote"): FakeTransceiver => {
    const transceiver = createFakeTransceiver({
      kind,
      direction: by === "remote" ? "recvonly" : "sendrecv",
      by,
      receiverId: `${name}r${transceivers.length}`,
      operation,
      changed: updateNeeded,
    });
    transceivers.push(transceiver);
    return transceiver;
  };

  const takeOffer = (sdp: FakeSdp): void => {
    remember();
    for (const { mid, kind, direction } of sdp.lines) {
      if (transceivers.some(transceiver => transceiver.mid === mid)) continue;
      const wants = direction === "sendrecv" || direction === "recvonly";
      const free = transceivers.find(other => other.mid === null && other.kind === kind && other.byAddTrack && wants);
      (free ?? make(kind, "remote")).mid = mid;
    }
    pending.remote = { type: "offer", sdp };
    signaling = "have-remote-offer";
  };

  const text = (description: Description | undefined) => {
    if (!description) return null;
    const { type, sdp } = description;
    return { type, sdp: writeSdp({ ...sdp, candidates: ice.gathered(sdp.ufrag) || sdp.candidates }) };
  };

  const fake = {
    name,
    onnegotiationneeded: null as (() => void) | null,
    onicecandidate: null as ((event: { candidate: object | null }) => void) | null,
    oniceconnectionstatechange: null as (() => void) | null,
    onconnectionstatechange: null as (() => void) | null,
    get signalingState() {
      return closed ? "closed" : signaling;
    },
    get iceConnectionState() {
      return closed ? "closed" : ice.state;
    },
    get connectionState() {
      if (closed) return "closed";
      return ice.state === "checking" ? "connecting" : ice.state;
    },
    get pendingLocalDescription() {
      return text(pending.local);
    },
    get currentLocalDescription() {
      return text(current.local);
    },
    get localDescription() {
      return text(pending.local ?? current.local);
    },
    get remoteDescription() {
      return text(pending.remote ?? current.remote);
    },
    getTransceivers: () => [...transceivers],
    getConfiguration: () => configuration,
    setConfiguration(changed: RTCConfiguration) {
      configuration = changed;
    },
    addTrack(track: FakeTrack) {
      if (transceivers.some(({ sender }) => sender.track === track))
        throw new DOMException("twice", "InvalidAccessError");
      const free = transceivers.find(other => other.kind === track.kind && !other.sender.track && !other.everSent);
      const transceiver = free ?? make(track.kind, "addTrack");
      if (free?.direction === "recvonly") free.direction = "sendrecv";
      else if (free?.direction === "inactive") free.direction = "sendonly";
      transceiver.byAddTrack = true;
      transceiver.sender.track = track;
      updateNeeded();
      return transceiver.sender;
    },
    addTransceiver(track: FakeTrack) {
      const transceiver = make(track.kind, "addTransceiver");
      transceiver.sender.track = track;
      updateNeeded();
      return transceiver;
    },
    restartIce() {
      restartWanted = true;
      updateNeeded();
    },
    setLocalDescription: (description?: { type: string }) =>
      operation(() => {
        if (description?.type === "rollback") {
          if (signaling === "stable") throw state("nothing to roll back");
          return rollback();
        }
        if (signaling === "have-remote-offer" && pending.remote) {
          const answer = makeAnswer(pending.remote);
          settle(answer, pending.remote);
          return;
        }
        pending.local = makeOffer();
        signaling = "have-local-offer";
      }),
    setRemoteDescription: ({ type, sdp: sdpText }: { type: string; sdp?: string }) =>
      operation(() => {
        if (type === "rollback") {
          if (signaling !== "have-remote-offer") throw state("nothing to roll back");
          return rollback();
        }
        const sdp = readSdp(sdpText ?? "");
        if (sdp.candidates > 0) ice.learn(sdp.ufrag, sdp.candidates);
        if (type === "answer") {
          if (signaling !== "have-local-offer" || !pending.local) throw state(`an answer in ${signaling}`);
          if (pending.local.sdp.offer !== sdp.offer) throw new DOMException("not of this offer", "InvalidAccessError");
          settle(pending.local, { type, sdp });
          return;
        }
        if (signaling === "have-local-offer") rollback();
        takeOffer(sdp);
      }),
    addIceCandidate: ({ usernameFragment }: { usernameFragment?: string }) =>
      operation(() => {
        const remotes = [pending.remote, current.remote].filter(remote => remote !== undefined);
        if (remotes.length === 0) throw state("no remote description");
        if (!remotes.some(({ sdp }) => sdp.ufrag === usernameFragment)) throw new DOMException("?", "OperationError");
        ice.learn(usernameFragment as string);
      }),
    close() {
      closed = true;
      ice.close();
    },
    move: ice.move,
    endpoint: ice.endpoint,
  };
  return fake;
}

export type FakeConnection = ReturnType<typeof createFakeConnection>;
