import { useSignal } from "@preact/signals";
import { useCallback, useEffect, useRef } from "preact/hooks";
import type { Call } from "../state/call.ts";
import { navigate } from "../state/routes.ts";
import { Ending } from "../ui/ending.tsx";
import { Live } from "../ui/live.tsx";
import { useKeys } from "../ui/use-keys.ts";
import { useWakeLock } from "../ui/use-wake-lock.ts";
import { actionsOf } from "./actions.ts";
import { Bar } from "./bar.tsx";
import { CallContext } from "./call-context.ts";
import { CallDialogs } from "./call-dialogs.tsx";
import { endingOf } from "./endings.ts";
import { NoticeStack } from "./notice-stack.tsx";
import { SidePanel } from "./side-panel.tsx";
import { Sounds } from "./sounds.tsx";
import { Stage } from "./stage.tsx";

/** A call, from the moment one is in the room until one is not. */
export function CallPage({ call, onAgain }: { call: Call; onAgain: () => void }) {
  const left = useSignal(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const closed = call.status.value === "closed";
  const leave = useCallback(() => {
    left.value = true;
    void call.close();
  }, [call]);

  // The button that was pressed to come here is gone.
  useEffect(() => heading.current?.focus(), []);

  useEffect(() => {
    // A page that goes away says so, else its tile would stand for the length of the grace.
    const onHide = (event: PageTransitionEvent) => {
      if (!event.persisted) void call.close();
    };
    addEventListener("pagehide", onHide);
    return () => removeEventListener("pagehide", onHide);
  }, [call]);

  useEffect(() => {
    if (closed) void call.close();
  }, [closed]);

  const unread = call.chat.unread.value;
  useEffect(() => {
    document.title = `${unread > 0 ? `(${unread}) ` : ""}${call.room.id} · Tandem`;
  }, [unread]);

  const onKey = useCallback(
    (key: string) => {
      if (closed) return false;
      if (key === "Escape") return call.view.escape();
      const action = actionsOf(call, leave).find(one => one.key === key);
      action?.run();
      return action !== undefined;
    },
    [call, closed],
  );
  useKeys(onKey);
  useWakeLock();

  if (left.value || closed) {
    const ending = endingOf(left.value ? undefined : call.snapshot.value.error?.code);
    return (
      <Ending
        title={ending.title}
        text={ending.text}
        action={{ label: ending.label, run: ending.home ? () => navigate("/") : onAgain }}
      />
    );
  }

  return (
    <CallContext.Provider value={call}>
      <div class={`call ${call.view.panel.value ? "with-panel" : ""}`}>
        <h1 class="hidden-visually" tabIndex={-1} ref={heading}>
          Call in <bdi>{call.room.id}</bdi>
        </h1>
        <Stage />
        <SidePanel />
        <Bar onLeave={leave} />
        <NoticeStack />
      </div>
      <Sounds />
      <CallDialogs leave={leave} />
      <Live lines={call.notices.spoken} />
    </CallContext.Provider>
  );
}
