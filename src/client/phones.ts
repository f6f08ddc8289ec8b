/**
 * Telephones, for who may dial.
 * @module
 */
import type { Result, Signaling } from "./core/index.ts";

export interface Phones {
  /**
   * Call a telephone into the room, as far as the deployment's trunks allow the number. Resolves when the call is under way: it is a
   * participant of kind `phone` from then on, whose attribute `sip.callStatus` says how it goes.
   */
  call(to: string, options?: { name?: string; trunk?: string }): Promise<Result<"phone.call">>;
  /** Press keys (0-9, *, #, A-D) at a telephone's other end. */
  press(pid: string, keys: string): Promise<void>;
  hold(pid: string, held: boolean): Promise<void>;
  hangUp(pid: string): Promise<void>;
  /**
   * Send a telephone to a number that its trunk may call, or to another telephone of that trunk in the room: the two go on without
   * us. Resolves when that is asked for; whoever was sent leaves when it has come about, and stays when it hasn't.
   */
  transfer(pid: string, target: { readonly to: string } | { readonly pid: string }): Promise<void>;
}

export const createPhones = ({ command }: Pick<Signaling, "command">): Phones => ({
  call: (to, { name, trunk } = {}) =>
    command("phone.call", { to, ...(name !== undefined && { name }), ...(trunk !== undefined && { trunk }) }),
  async press(pid, dtmf) {
    await command("phone.update", { pid, dtmf });
  },
  async hold(pid, held) {
    await command("phone.update", { pid, held });
  },
  async hangUp(pid) {
    await command("phone.hangup", { pid });
  },
  async transfer(pid, transfer) {
    await command("phone.update", { pid, transfer });
  },
});
