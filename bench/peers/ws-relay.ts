/**
 * The peer of the signaling bench: what a team writes on `ws` in an afternoon. Rooms in memory, a snapshot on joining,
 * messages passed to one or to all. No tokens, no storage, no resume.
 */
import { type WebSocket, WebSocketServer } from "ws";

interface Member {
  readonly pid: string;
  readonly socket: WebSocket;
}

const rooms = new Map<string, Map<string, Member>>();
let count = 0;

const server = new WebSocketServer({ host: "127.0.0.1", port: 0 }, () => {
  const address = server.address();
  process.send?.(typeof address === "object" && address ? address.port : 0);
});

server.on("connection", (socket, request) => {
  const name = request.url ?? "/";
  const room = rooms.get(name) ?? new Map<string, Member>();
  rooms.set(name, room);
  const pid = `p_${String(++count).padStart(8, "0")}`;

  socket.on("message", raw => {
    const message = JSON.parse(String(raw)) as { type: string; to?: string[]; data?: unknown };
    if (message.type === "hello") {
      const participants = [...room.keys()].map(id => ({ pid: id, name: id, sources: [] }));
      socket.send(JSON.stringify({ type: "snapshot", you: { pid }, participants, last: true }));
      const joined = JSON.stringify({ type: "participant.joined", participant: { pid, name: pid, sources: [] } });
      for (const member of room.values()) member.socket.send(joined);
      room.set(pid, { pid, socket });
      return;
    }
    const text = JSON.stringify({ type: "app.message", from: pid, data: message.data });
    if (message.to) for (const id of message.to) room.get(id)?.socket.send(text);
    else for (const member of room.values()) if (member.pid !== pid) member.socket.send(text);
  });
  socket.on("close", () => {
    room.delete(pid);
    if (room.size === 0) rooms.delete(name);
  });
});

process.on("disconnect", () => process.exit());
