/**
 * A program in a room: it says how loud the others are, and plays a tone (or, with ECHO=1, what it hears). Node 22 or newer.
 *
 *     EDGE=https://calls.example.com ROOM=stage TOKEN=… node examples/bot/bot.js
 *
 * The token is a join token from your back end that may publish `mic` and hear `mix`: docs/gateway.md.
 */
const { EDGE, ROOM, TOKEN, ECHO } = process.env;
const rate = 48_000;

const response = await fetch(`${EDGE}/v1/bots/${ROOM}`, {
  method: "POST",
  headers: { authorization: `Bearer ${TOKEN}` },
  body: JSON.stringify({ hear: "mix", speak: true, rate }),
});
if (!response.ok) throw new Error((await response.json()).title);
const { url, token } = await response.json();

const socket = new WebSocket(url, ["tandem-bot.v1", `bearer.${token}`]);
socket.binaryType = "arraybuffer";
let time = 0;
let frames = 0;

/** The next 20 ms of 440 Hz. */
const tone = () => Int16Array.from({ length: rate / 50 }, () => 8_000 * Math.sin((2 * Math.PI * 440 * time++) / rate));
const level = samples => 10 * Math.log10(samples.reduce((sum, s) => sum + s * s, 1) / samples.length / 32_768 ** 2);

socket.onmessage = ({ data }) => {
  if (typeof data === "string") return console.log(data);
  // Twenty milliseconds of the others came: as good a clock as any.
  socket.send(ECHO ? data : tone());
  if (frames++ % 50 === 0)
    console.log(JSON.stringify({ type: "level", decibels: Math.round(level(new Int16Array(data))) }));
};
socket.onclose = ({ code, reason }) => console.log(JSON.stringify({ type: "closed", code, reason }));
