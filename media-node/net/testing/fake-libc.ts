import type { Ffi } from "../../native/ffi.ts";
import type { LinuxLibc } from "../linux-libc.ts";

export interface SentMessage {
  readonly fd: number;
  /** Family and port of the sockaddr, and the address's last byte. */
  readonly family: number;
  readonly port: number;
  readonly host: number;
  readonly data: Uint8Array;
  /** Undefined without a UDP_SEGMENT control message. */
  readonly segmentSize: number | undefined;
}

/** A libc whose sendmmsg reads real structures from fake addresses, and fails where `refuse` gives an errno. */
export function createFakeLibc(refuse: (message: SentMessage) => number) {
  const regions: { start: number; bytes: Uint8Array }[] = [];
  const sent: SentMessage[] = [];
  let errno = 0;
  let calls = 0;
  // Above 4 GiB and across such a border, as real addresses are.
  let nextAddress = 0x7f00_ffff_f000;

  const ffi: Ffi = {
    runtime: "node",
    load: () => undefined,
    addressOf(bytes) {
      const start = nextAddress;
      nextAddress += bytes.length + 4096;
      regions.push({ start, bytes });
      return start;
    },
    pointer: address => address,
    view: () => new ArrayBuffer(0),
  };

  function at(address: number, length: number): DataView {
    const region = regions.find(({ start, bytes }) => address >= start && address + length <= start + bytes.length);
    if (!region) throw new Error(`wild pointer ${address.toString(16)}`);
    return new DataView(region.bytes.buffer, region.bytes.byteOffset + address - region.start, length);
  }

  const pointer = (view: DataView, offset: number) => Number(view.getBigUint64(offset, true));

  function read(fd: number, address: number): SentMessage {
    const header = at(address, 64);
    const nameLength = header.getUint32(8, true);
    const name = at(pointer(header, 0), nameLength);
    if (header.getBigUint64(24, true) !== 1n) throw new Error("one vector expected");
    const vector = at(pointer(header, 16), 16);
    const data = at(pointer(vector, 0), pointer(vector, 8));
    const controlLength = pointer(header, 40);
    const control = controlLength > 0 ? at(pointer(header, 32), controlLength) : undefined;
    if (
      control &&
      [control.getUint32(8, true), control.getUint32(12, true), pointer(control, 0)].join() !== "17,103,18"
    ) {
      throw new Error("wrong control message");
    }
    return {
      fd,
      family: name.getUint16(0, true),
      port: name.getUint16(2),
      host: name.getUint8(name.getUint16(0, true) === 2 ? 7 : 23),
      data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice(),
      segmentSize: control?.getUint16(16, true),
    };
  }

  const unexpected = () => {
    throw new Error("unexpected system call");
  };
  const libc: LinuxLibc = {
    ffi,
    errno: () => errno,
    call: {
      __errno_location: unexpected,
      socket: unexpected,
      bind: unexpected,
      close: unexpected,
      fcntl: unexpected,
      dup3: unexpected,
      setsockopt: unexpected,
      getsockopt: unexpected,
      sendmmsg(...args) {
        const [fd = -1, messages = 0, count = 0, flags] = args.map(Number);
        if (flags !== 0x40) throw new Error("a blocking send");
        calls++;
        for (let i = 0; i < count; i++) {
          const message = read(fd, messages + 64 * i);
          const error = refuse(message);
          if (error !== 0) {
            errno = error;
            return i > 0 ? i : -1;
          }
          sent.push(message);
        }
        return count;
      },
    },
  };
  return {
    libc,
    sent,
    get calls() {
      return calls;
    },
  };
}
