"""
aiortc as a WHIP encoder or a WHEP player: `aiortc_client.py publish|play ENDPOINT`, bearer token in TOKEN. Says what it does as
JSON lines; ends, with a DELETE, when its standard input does.
"""

import asyncio
import fractions
import json
import math
import os
import sys
import urllib.error
import urllib.request
from array import array
from urllib.parse import urljoin

import aioice.ice
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from av import AudioFrame, VideoFrame

RATE = 48000
TONE = 660
LUMA = 170

# It leaves loopback out, and tests stay on it.
aioice.ice.get_host_addresses = lambda use_ipv4, use_ipv6: [os.environ["ADDRESS"]]


def say(**line):
    print(json.dumps(line), flush=True)


class Tone(AudioStreamTrack):
    """A tone of TONE Hz."""

    async def recv(self):
        frame = await super().recv()
        samples = RATE // 50
        at = frame.pts * RATE // frame.sample_rate
        wave = array("h", (int(12000 * math.sin(2 * math.pi * TONE * (at + i) / RATE)) for i in range(samples)))
        tone = AudioFrame(format="s16", layout="mono", samples=samples)
        tone.planes[0].update(wave.tobytes())
        tone.pts, tone.sample_rate, tone.time_base = at, RATE, fractions.Fraction(1, RATE)
        return tone


class Grey(VideoStreamTrack):
    """Pictures of one luma, each third of those that the library would make."""

    async def recv(self):
        for _ in range(3):
            pts, time_base = await self.next_timestamp()
        frame = VideoFrame(width=320, height=240)
        for plane, value in zip(frame.planes, (LUMA, 128, 128)):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, time_base
        return frame


async def hear(track):
    """Counts what is decoded; the pitch is that of the last half second, by zero crossings."""
    count, crossings, samples, last = 0, 0, 0, 0
    while True:
        frame = await track.recv()
        count += 1
        channels = len(frame.layout.channels)
        for sample in array("h", bytes(frame.planes[0]))[: frame.samples * channels : channels]:
            crossings += (sample < 0) != (last < 0)
            last = sample
        samples += frame.samples
        if samples >= frame.sample_rate // 2:
            say(media="audio", frames=count, hertz=crossings * frame.sample_rate / samples / 2)
            crossings, samples = 0, 0


async def see(track):
    """Counts what is decoded."""
    count = 0
    while True:
        frame = await track.recv()
        count += 1
        luma = bytes(frame.planes[0])
        say(media="video", frames=count, width=frame.width, height=frame.height, luma=sum(luma[:320]) / 320)


def ask(method, url, body=None):
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}"}
    if body is not None:
        headers["Content-Type"] = "application/sdp"
    request = urllib.request.Request(url, method=method, data=body and body.encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.headers.get("Location"), response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, None, error.read().decode()


async def until_told():
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await reader.read()


async def main():
    role, endpoint = sys.argv[1:]
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    tasks = []

    @connection.on("connectionstatechange")
    def changed():
        say(state=connection.connectionState)

    @connection.on("track")
    def came(track):
        tasks.append(asyncio.ensure_future(hear(track) if track.kind == "audio" else see(track)))

    if role == "publish":
        connection.addTransceiver(Tone(), direction="sendonly")
        connection.addTransceiver(Grey(), direction="sendonly")
    else:
        connection.addTransceiver("audio", direction="recvonly")
        connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    status, location, answer = await asyncio.to_thread(ask, "POST", endpoint, connection.localDescription.sdp)
    say(posted=status, location=location, answer=None if status == 201 else answer)
    if status != 201:
        return
    await connection.setRemoteDescription(RTCSessionDescription(type="answer", sdp=answer))
    await until_told()
    status, _, _ = await asyncio.to_thread(ask, "DELETE", urljoin(endpoint, location))
    say(deleted=status)
    for task in tasks:
        task.cancel()
    await connection.close()


asyncio.run(main())
