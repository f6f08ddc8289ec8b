"""
GStreamer's webrtcbin as a WHIP encoder or a WHEP player: `gstreamer_client.py publish|play ENDPOINT`, bearer token in TOKEN. It
offers before it has candidates and PATCHes each. Says what it does as JSON lines; ends, with a DELETE, when its standard input does.
"""

import json
import os
import sys
import threading
import urllib.error
import urllib.request
from array import array
from urllib.parse import urljoin

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC

TONE = 550
# Luma of the pattern "white".
PUBLISH = f"""
  webrtcbin name=rtc bundle-policy=max-bundle
  audiotestsrc is-live=true freq={TONE} volume=0.4 ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay pt=111
    ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000 ! queue ! rtc.
  videotestsrc is-live=true pattern=white ! video/x-raw,width=320,height=240,framerate=10/1
    ! vp8enc deadline=1 keyframe-max-dist=10 ! rtpvp8pay pt=96 picture-id-mode=15-bit
    ! application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000 ! queue ! rtc.
"""
PLAY = "webrtcbin name=rtc bundle-policy=max-bundle"
CAPS = (
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,encoding-params=(string)2",
    "application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000",
)
DECODE = {
    "OPUS": "rtpopusdepay ! opusdec ! audioconvert ! audio/x-raw,format=S16LE,channels=1,rate=48000 ! appsink name=out",
    "VP8": "rtpvp8depay ! vp8dec ! videoconvert ! video/x-raw,format=I420 ! appsink name=out",
}


said = threading.Lock()


def say(**line):
    with said:
        print(json.dumps(line), flush=True)


def ask(method, url, body=None, **more):
    headers = {"Authorization": f"Bearer {os.environ['TOKEN']}", **more}
    request = urllib.request.Request(url, method=method, data=body and body.encode(), headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, response.headers, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()


class Client:
    def __init__(self, role, endpoint):
        self.endpoint, self.session, self.etag, self.offer = endpoint, None, None, ""
        self.early, self.lock = [], threading.Lock()
        self.pipeline = Gst.parse_launch(PUBLISH if role == "publish" else PLAY)
        self.rtc = self.pipeline.get_by_name("rtc")
        if self.rtc is None:
            self.rtc = self.pipeline
            self.pipeline = Gst.Pipeline.new("player")
            self.pipeline.add(self.rtc)
        # It leaves loopback out, and tests stay on it. Held, since the binding takes the reference that the element counts on.
        self.agent = self.rtc.get_property("ice-agent")
        self.agent.emit("add-local-ip-address", os.environ["ADDRESS"])
        # Nor does it look for routers.
        self.agent.get_property("agent").set_property("upnp", False)
        self.rtc.connect("on-ice-candidate", self.candidate)
        self.rtc.connect("notify::connection-state", self.state)
        self.rtc.connect("pad-added", self.pad)
        wanted = "SENDONLY" if role == "publish" else "RECVONLY"
        direction = getattr(GstWebRTC.WebRTCRTPTransceiverDirection, wanted)
        if role == "play":
            for caps in CAPS:
                self.rtc.emit("add-transceiver", direction, Gst.Caps.from_string(caps))
        else:
            for index in range(2):
                self.rtc.emit("get-transceiver", index).set_property("direction", direction)
        self.rtc.connect("on-negotiation-needed", self.negotiate)
        self.pipeline.set_state(Gst.State.PLAYING)

    def state(self, *_):
        say(state=self.rtc.get_property("connection-state").value_nick)

    def negotiate(self, *_):
        self.rtc.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered))

    def offered(self, promise):
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.rtc.emit("set-local-description", offer, Gst.Promise.new())
        self.offer = offer.sdp.as_text()
        # Candidates come while this waits.
        threading.Thread(target=self.post).start()

    def post(self):
        status, headers, answer = ask("POST", self.endpoint, self.offer, **{"Content-Type": "application/sdp"})
        say(posted=status, answer=None if status == 201 else answer)
        if status != 201:
            return
        with self.lock:
            self.session, self.etag = urljoin(self.endpoint, headers["Location"]), headers["ETag"]
            early, self.early = self.early, []
        _, sdp = GstSdp.SDPMessage.new_from_text(answer)
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, sdp)
        self.rtc.emit("set-remote-description", description, Gst.Promise.new())
        for line in early:
            self.patch(line)

    def candidate(self, _rtc, line_index, candidate):
        with self.lock:
            if self.session is None:
                self.early.append((line_index, candidate))
                return
        threading.Thread(target=self.patch, args=((line_index, candidate),)).start()

    def patch(self, line):
        index, candidate = line
        section = self.offer.split("\r\nm=")[index + 1].split("\r\n")
        own = [each for each in section if each.startswith(("a=mid:", "a=ice-ufrag:", "a=ice-pwd:"))]
        fragment = "\r\n".join([f"m={section[0]}", *own, f"a={candidate}", ""])
        more = {"Content-Type": "application/trickle-ice-sdpfrag", "If-Match": self.etag}
        say(patched=ask("PATCH", self.session, fragment, **more)[0])

    def pad(self, _rtc, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        name = pad.get_current_caps().get_structure(0).get_string("encoding-name")
        decoder = Gst.parse_bin_from_description(DECODE[name], True)
        sink = decoder.get_by_name("out")
        sink.set_property("emit-signals", True)
        sink.set_property("sync", False)
        sink.connect("new-sample", self.hear if name == "OPUS" else self.see, {"frames": 0, "crossings": 0, "samples": 0})
        self.pipeline.add(decoder)
        decoder.sync_state_with_parent()
        pad.link(decoder.get_static_pad("sink"))

    def hear(self, sink, so_far):
        """The pitch is that of the last half second, by zero crossings."""
        buffer = sink.emit("pull-sample").get_buffer()
        samples = array("h", buffer.extract_dup(0, buffer.get_size()))
        so_far["frames"] += 1
        so_far["crossings"] += crossings_of(samples)
        so_far["samples"] += len(samples)
        if so_far["samples"] >= 24000:
            say(media="audio", frames=so_far["frames"], hertz=so_far["crossings"] * 24000 / so_far["samples"])
            so_far["crossings"] = so_far["samples"] = 0
        return Gst.FlowReturn.OK

    def see(self, sink, so_far):
        buffer = sink.emit("pull-sample").get_buffer()
        luma = buffer.extract_dup(0, 320)
        so_far["frames"] += 1
        say(media="video", frames=so_far["frames"], luma=sum(luma) / len(luma))
        return Gst.FlowReturn.OK

    def end(self):
        if self.session is not None:
            say(deleted=ask("DELETE", self.session)[0])
        self.pipeline.set_state(Gst.State.NULL)


def crossings_of(samples):
    return sum((a < 0) != (b < 0) for a, b in zip(samples, samples[1:]))


def main():
    Gst.init(None)
    role, endpoint = sys.argv[1:]
    loop = GLib.MainLoop()
    client = Client(role, endpoint)
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()
    client.end()


main()
