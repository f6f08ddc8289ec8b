/**
 * Broadcasts in an R2 bucket: the newest of each name of a room, under `ROOM/NAME/`.
 * @module
 */

/** Says whose files these are. Players never ask for it, as its name is none of a file's. */
const HOLDER = ".holder";

const prefixOf = (room: string, name: string): string => `${room}/${name}/`;
export const keyOf = (room: string, name: string, file: string): string => prefixOf(room, name) + file;

/** Path at the edge under which a broadcast's files are written and read. */
export const uploadPath = (room: string, name: string): string => `/v1/hls/${room}/${name}`;

/** Gives the place to a broadcast: from now on nothing else is written there, and what was there goes. */
export async function holdPlace(bucket: R2Bucket, room: string, name: string, pid: string): Promise<void> {
  await bucket.put(keyOf(room, name, HOLDER), "", { customMetadata: { pid } });
  const prefix = prefixOf(room, name);
  for (let cursor: string | undefined; ; ) {
    const listed = await bucket.list({ prefix, ...(cursor !== undefined && { cursor }) });
    const old = listed.objects.map(({ key }) => key).filter(key => key !== keyOf(room, name, HOLDER));
    if (old.length > 0) await bucket.delete(old);
    if (!listed.truncated) return;
    ({ cursor } = listed);
  }
}

/** Whose place it is. */
export const holderOf = async (bucket: R2Bucket, room: string, name: string): Promise<string | undefined> =>
  (await bucket.head(keyOf(room, name, HOLDER)))?.customMetadata?.pid;
