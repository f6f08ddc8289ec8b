const SIZES = { wide: [640, 360], classic: [640, 480], portrait: [480, 640] } as const;

function drawn(width: number, height: number, draw: (canvas: CanvasRenderingContext2D) => void): MediaStreamTrack {
  const element = document.createElement("canvas");
  Object.assign(element, { width, height });
  const canvas = element.getContext("2d");
  if (!canvas) throw new Error("no canvas");
  // A stream has a frame only when something is drawn, and who comes later wants one too.
  const paint = () => draw(canvas);
  paint();
  setInterval(paint, 200);
  const [track] = element.captureStream(5).getVideoTracks();
  if (!track) throw new Error("no track");
  return track;
}

/** A person before a wall: near enough to a face to judge a layout by. */
export function portrait(index: number, shape: keyof typeof SIZES): MediaStreamTrack {
  const [width, height] = SIZES[shape];
  const hue = index * 53;
  return drawn(width, height, canvas => {
    const oval = (fill: string, x: number, y: number, rx: number, ry: number) => {
      canvas.fillStyle = fill;
      canvas.beginPath();
      canvas.ellipse(x, y, rx, ry, 0, 0, 7);
      canvas.fill();
    };
    const wall = canvas.createLinearGradient(0, 0, width, height);
    wall.addColorStop(0, `oklch(0.72 0.04 ${hue})`);
    wall.addColorStop(1, `oklch(0.4 0.05 ${hue + 40})`);
    canvas.fillStyle = wall;
    canvas.fillRect(0, 0, width, height);
    const head = Math.min(width, height * 1.3) * 0.13;
    oval(`oklch(0.34 0.05 ${index * 90})`, width / 2, height * 1.05, head * 2.3, height * 0.4);
    oval(`oklch(${0.55 + (index % 4) * 0.09} 0.06 58)`, width / 2, height * 0.45, head, head * 1.3);
    oval("oklch(0.25 0.01 60)", width / 2, height * 0.45 - head * 0.85, head * 1.05, head * 0.7);
  });
}

/** A page of figures, as people share them. */
export function slide(): MediaStreamTrack {
  return drawn(1600, 1000, canvas => {
    canvas.fillStyle = "#fff";
    canvas.fillRect(0, 0, 1600, 1000);
    canvas.fillStyle = "#222";
    canvas.font = "64px sans-serif";
    canvas.fillText("Calls per day", 90, 140);
    canvas.font = "36px sans-serif";
    for (let row = 0; row < 9; row++) {
      const y = 220 + row * 78;
      canvas.fillStyle = "#ddd";
      canvas.fillRect(90, y, 1400, 3);
      canvas.fillStyle = "#333";
      canvas.fillText(`Week ${row + 1}`, 90, y + 50);
      canvas.fillStyle = "#47a";
      canvas.fillRect(400, y + 16, 200 + row * 90, 40);
    }
  });
}
