/** Boxes that hold boxes, and how many bytes stand before those. */
const CONTAINERS: Readonly<Record<string, number>> = {
  ...{ moov: 0, trak: 0, mdia: 0, minf: 0, dinf: 0, stbl: 0, mvex: 0, moof: 0, traf: 0 },
  ...{ dref: 8, stsd: 8, avc1: 78, Opus: 28 },
};

/** The boxes of an MP4 file by their paths, e.g. `moof/traf/trun`; each path's in order. @throws Error for one that is no such file */
export function readBoxes(bytes: Buffer, path = "", found = new Map<string, Buffer[]>()): Map<string, Buffer[]> {
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    const type = bytes.toString("latin1", at + 4, at + 8);
    if (length < 8 || at + length > bytes.length) throw new Error(`${path}: a box of ${length} bytes`);
    const name = path === "" ? type : `${path}/${type}`;
    const body = bytes.subarray(at + 8, at + length);
    found.set(name, [...(found.get(name) ?? []), body]);
    const skip = CONTAINERS[type];
    if (skip !== undefined) readBoxes(body.subarray(skip), name, found);
    at += length;
  }
  return found;
}

/** One track's samples in a media segment. */
export interface ReadTrack {
  readonly track: number;
  readonly time: number;
  readonly samples: { readonly duration: number; readonly flags: number; readonly bytes: Buffer }[];
}

/** What a media segment holds, found by its own offsets. */
export function readSegment(segment: Buffer): ReadTrack[] {
  const boxes = readBoxes(segment);
  const [headers = [], times = [], runs = []] = ["tfhd", "tfdt", "trun"].map(type => boxes.get(`moof/traf/${type}`));
  return runs.map((run, i) => {
    let at = run.readUInt32BE(8);
    const samples = Array.from({ length: run.readUInt32BE(4) }, (_, sample) => {
      const row = 12 + sample * 12;
      const length = run.readUInt32BE(row + 4);
      const bytes = segment.subarray(at, at + length);
      at += length;
      return { duration: run.readUInt32BE(row), flags: run.readUInt32BE(row + 8), bytes };
    });
    return { track: headers[i]!.readUInt32BE(4), time: Number(times[i]!.readBigUInt64BE(4)), samples };
  });
}
