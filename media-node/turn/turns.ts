/** One turn of the event loop: everything that sockets deliver before their answers leave together. */
export interface Turns {
  /** Something came. Returns the time of this turn, `performance.now()` at its first packet. */
  begin(): number;
}

/** @param end called once all sockets that were readable have been read */
export function createTurns(end: (now: number) => void): Turns {
  let isInTurn = false;
  let now = 0;
  function finish(): void {
    isInTurn = false;
    end(now);
  }
  return {
    begin() {
      if (!isInTurn) {
        isInTurn = true;
        now = performance.now();
        setImmediate(finish);
      }
      return now;
    },
  };
}
