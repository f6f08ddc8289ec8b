import { randomFillSync } from "node:crypto";
import { STUN_ATTRIBUTE, STUN_CLASS, STUN_COMPREHENDED, STUN_ERROR, STUN_METHOD } from "../stun/constants.ts";
import { verifyFingerprint } from "../stun/integrity.ts";
import { attributeUint32, createStunMessage, findAttribute, parseStun, unknownAttributes } from "../stun/message.ts";
import { createAnswers } from "./answers.ts";
import { createIceCredentials } from "./credentials.ts";
import { createGeneration, type Generation, isAddressedTo, isSigned, signedUsername } from "./generation.ts";
import { createPathTable, MAX_PATHS } from "./paths.ts";
import { createProof } from "./proof.ts";
import { ICE_RESULT, type IceAgent, type IceAgentOptions, type IceResult } from "./types.ts";

const SILENT_AFTER = 8_000;
/** RFC 7675 §5.1: consent expires after 30 s; a lite agent has only the peer's own checks to go by. */
const TIMEOUT_AFTER = 30_000;
/** A peer that nominates aggressively checks all its pairs so within this time: of those the best one counts. */
const NOMINATION_BURST = 1_000;
/** A check on another path than the selected one counts as nomination if that one was silent for so long: NAT rebinding. */
const REBOUND_AFTER = 3_000;
/**
 * Bytes of our own requests that a byte of a check buys: with the answer, an unproven address gets at most three times
 * what was sent in its name.
 */
const PROOF_PER_CHECK = 2;
/** The shortest check that can be valid: header, USERNAME, USE-CANDIDATE, MESSAGE-INTEGRITY. */
const LEAST_CHECK = 64;

const COMPREHENDED: ReadonlySet<number> = new Set([
  ...STUN_COMPREHENDED,
  STUN_ATTRIBUTE.priority,
  STUN_ATTRIBUTE.useCandidate,
]);

export function createIceAgent(options: IceAgentOptions): IceAgent {
  const { workerId, send, listener, random = randomFillSync } = options;
  const message = createStunMessage();
  const unknown = new Uint16Array(8);
  const paths = createPathTable();
  const answers = createAnswers(send, options.now);
  const proof = createProof(send, random);
  /** The one in use, and behind it the one of a restart that the peer hasn't used yet. */
  let generations: Generation[] = [
    createGeneration(options.local ?? createIceCredentials(workerId, random), options.remote),
  ];
  let selected = -1;
  let nominated = -1;
  let nominatedSince = Number.NEGATIVE_INFINITY;
  let connected = false;
  let heardAt = options.now;
  let heardEver = false;
  let silent = false;
  let closed = false;

  function hear(position: number, now: number): void {
    paths.heardAt[position] = now;
    heardAt = now;
    heardEver = true;
    if (!silent) return;
    silent = false;
    listener.onAlive();
  }

  function select(path: number): void {
    if (selected === path) return;
    selected = path;
    listener.onSelected(path);
  }

  function drop(position: number): void {
    const path = paths.id[position]!;
    paths.remove(position);
    proof.cancel(path);
    if (path === nominated) nominated = -1;
    if (path === selected) select(-1);
  }

  function forget(position: number): void {
    const path = paths.id[position]!;
    drop(position);
    listener.onForgotten(path);
  }

  /** Makes room by dropping the path heard least recently, but neither the selected nor the nominated one. */
  function evict(): void {
    let victim = -1;
    for (let i = 0; i < paths.size; i++) {
      if (paths.id[i] === selected || paths.id[i] === nominated) continue;
      if (victim < 0 || paths.heardAt[i]! < paths.heardAt[victim]!) victim = i;
    }
    forget(victim);
  }

  /** The peer used a generation: the older ones are over (RFC 8445 §9). */
  function settle(generation: Generation): void {
    if (generation === generations[0]) return;
    const retired = generations;
    generations = [generation];
    nominatedSince = Number.NEGATIVE_INFINITY;
    for (const { local } of retired) if (local !== generation.local) listener.onUfragRetired(local.ufrag);
  }

  function isNomination(position: number, useCandidate: boolean, now: number): boolean {
    const current = paths.find(nominated);
    if (current < 0) return useCandidate;
    if (useCandidate && now - nominatedSince <= NOMINATION_BURST) {
      return paths.priority[position]! >= paths.priority[current]!;
    }
    return useCandidate || (connected && now - paths.heardAt[current]! >= REBOUND_AFTER);
  }

  function nominate(position: number, allowance: number, now: number): void {
    if (nominated < 0 || nominatedSince === Number.NEGATIVE_INFINITY) nominatedSince = now;
    nominated = paths.id[position]!;
    if (!connected) return;
    if (paths.proven[position] === 1) select(nominated);
    else proof.request(nominated, generations[0]!, allowance, now);
  }

  function validCheck(path: number, useCandidate: boolean, priority: number, now: number): void {
    let position = paths.find(path);
    if (position < 0) {
      if (paths.size === MAX_PATHS) evict();
      position = paths.add(path, now);
      listener.onValid(path);
    }
    paths.priority[position] = priority;
    const nomination = isNomination(position, useCandidate, now);
    hear(position, now);
    if (nomination || path === nominated) nominate(position, PROOF_PER_CHECK * (message.end - message.start), now);
  }

  function handleRequest(path: number, address: string, port: number, now: number): IceResult {
    const usernameAt = signedUsername(message);
    if (usernameAt < 0) {
      answers.refuse(message, STUN_ERROR.badRequest, undefined, path, now);
      return ICE_RESULT.unsigned;
    }
    const generation = generations.find(candidate => isAddressedTo(candidate, message, usernameAt));
    if (generation === undefined || !isSigned(message, generation.localKey)) {
      answers.refuse(message, STUN_ERROR.unauthenticated, undefined, path, now);
      return generation === undefined ? ICE_RESULT.unknownUfrag : ICE_RESULT.badIntegrity;
    }
    const count = unknownAttributes(message, COMPREHENDED, unknown);
    if (count > 0) {
      answers.refuse(message, STUN_ERROR.unknownAttribute, generation.localKey, path, now, unknown, count);
      return ICE_RESULT.unknownAttribute;
    }
    // A lite agent among full ones is always controlled (RFC 8445 §6.1.1): the peer has to give way, whatever the tie-breaker.
    if (findAttribute(message, STUN_ATTRIBUTE.iceControlled) >= 0) {
      answers.refuse(message, STUN_ERROR.roleConflict, generation.localKey, path, now);
      return ICE_RESULT.roleConflict;
    }
    const known = paths.find(path);
    if (known >= 0 && !paths.takeAnswer(known, now)) return ICE_RESULT.limited;
    answers.succeed(message, generation.localKey, path, address, port);
    const useCandidate = findAttribute(message, STUN_ATTRIBUTE.useCandidate) >= 0;
    const priority = Math.max(0, attributeUint32(message, STUN_ATTRIBUTE.priority));
    settle(generation);
    validCheck(path, useCandidate, priority, now);
    return ICE_RESULT.answered;
  }

  function handleResponse(path: number, now: number): IceResult {
    const position = paths.find(path);
    if (position < 0 || !proof.isAnswered(message, path)) return ICE_RESULT.strayResponse;
    proof.cancel(path);
    hear(position, now);
    paths.proven[position] = 1;
    if (path === nominated) select(path);
    return ICE_RESULT.proved;
  }

  return {
    get local() {
      return generations[generations.length - 1]!.local;
    },
    get selected() {
      return selected;
    },
    handle(bytes, offset, length, path, address, port, now) {
      if (closed) return ICE_RESULT.closed;
      if (!parseStun(message, bytes, offset, length) || message.method !== STUN_METHOD.binding) {
        return ICE_RESULT.malformed;
      }
      // Every ICE message carries one (RFC 8445 §7.1), and what stands behind the integrity has no other protection.
      if (!verifyFingerprint(message)) return ICE_RESULT.malformed;
      if (message.class === STUN_CLASS.request) return handleRequest(path, address, port, now);
      return message.class === STUN_CLASS.indication ? ICE_RESULT.ignored : handleResponse(path, now);
    },
    accepts(path) {
      return !closed && paths.find(path) >= 0;
    },
    heard(path, now) {
      const position = paths.find(path);
      if (position >= 0 && !closed) hear(position, now);
    },
    dtlsFinished(helloPath, finishedPath, now) {
      if (closed) return;
      connected = true;
      const position = paths.find(finishedPath);
      if (position >= 0 && helloPath === finishedPath) {
        paths.proven[position] = 1;
        select(finishedPath);
      }
      const wanted = nominated < 0 ? position : paths.find(nominated);
      if (wanted >= 0) nominate(wanted, PROOF_PER_CHECK * LEAST_CHECK, now);
    },
    restart(remote) {
      const next = createGeneration(createIceCredentials(workerId, random), remote);
      const dropped = generations.slice(1);
      generations = [generations[0]!, next];
      for (const { local } of dropped) listener.onUfragRetired(local.ufrag);
      return next.local;
    },
    pathClosed(path) {
      const position = paths.find(path);
      if (position >= 0 && !closed) drop(position);
    },
    tick(now) {
      if (closed) return;
      if (now - heardAt >= TIMEOUT_AFTER) {
        closed = true;
        listener.onTimeout();
        return;
      }
      if (heardEver && !silent && now - heardAt >= SILENT_AFTER) {
        silent = true;
        listener.onSilent();
      }
      for (let i = paths.size - 1; i >= 0; i--) if (now - paths.heardAt[i]! >= TIMEOUT_AFTER) forget(i);
      proof.tick(now);
    },
    get deadline() {
      if (closed) return Number.POSITIVE_INFINITY;
      let at = Math.min(heardAt + (heardEver && !silent ? SILENT_AFTER : TIMEOUT_AFTER), proof.deadline);
      for (let i = 0; i < paths.size; i++) at = Math.min(at, paths.heardAt[i]! + TIMEOUT_AFTER);
      return at;
    },
    close() {
      closed = true;
    },
  };
}
