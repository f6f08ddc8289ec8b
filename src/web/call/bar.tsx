import { Icon } from "../ui/icon.tsx";
import { Tip } from "../ui/tip.tsx";
import { Toggle } from "../ui/toggle.tsx";
import { KEYS } from "./actions.ts";
import { useCall } from "./call-context.ts";
import { MoreMenu } from "./more-menu.tsx";

/** The one bar of controls. */
export function Bar({ onLeave }: { onLeave: () => void }) {
  const { mic, cam, sharing, handUp, toggleHand, view, chat, you, others } = useCall();
  const { publish, profile, chat: mayChat } = you.value.grants;
  const unread = chat.unread.value;
  const count = others.value.length + 1;
  return (
    <section class="bar" aria-label="Call controls">
      <div class="bar-group">
        {publish?.includes("mic") && (
          <Toggle
            on={mic.on.value}
            icons={["mic", "mic-off"]}
            labels={["Turn the microphone off", "Turn the microphone on"]}
            shortcut={KEYS.mic}
            onClick={mic.toggle}
            testId="mic"
          />
        )}
        {publish?.includes("camera") && (
          <Toggle
            on={cam.on.value}
            icons={["camera", "camera-off"]}
            labels={["Turn the camera off", "Turn the camera on"]}
            shortcut={KEYS.camera}
            onClick={cam.toggle}
            testId="camera"
          />
        )}
        {publish?.includes("screen") && sharing.possible && (
          <Toggle
            on={sharing.on.value}
            icons={["share-off", "share"]}
            labels={["Stop sharing", "Share the screen"]}
            shortcut={KEYS.share}
            look="live"
            onClick={sharing.toggle}
            testId="share"
          />
        )}
        {profile && (
          <Toggle
            on={handUp.value}
            icons={["hand", "hand"]}
            labels={["Lower the hand", "Raise the hand"]}
            shortcut={KEYS.hand}
            look="live"
            onClick={toggleHand}
            testId="hand"
          />
        )}
      </div>
      <div class="bar-group">
        {mayChat && (
          <Toggle
            on={view.panel.value === "chat"}
            icons={["chat", "chat"]}
            labels={["Close the chat", unread > 0 ? `Open the chat, ${unread} unread` : "Open the chat"]}
            shortcut={KEYS.chat}
            look="drawer"
            onClick={() => view.togglePanel("chat")}
            testId="chat"
          >
            {unread > 0 && <span class="badge live numbers">{unread > 99 ? "99+" : unread}</span>}
          </Toggle>
        )}
        <Toggle
          on={view.panel.value === "people"}
          icons={["people", "people"]}
          labels={["Close the list of people", `Show people, ${count} here`]}
          shortcut={KEYS.people}
          look="drawer"
          onClick={() => view.togglePanel("people")}
          testId="people"
        >
          <span class="badge numbers">{count}</span>
        </Toggle>
        <MoreMenu />
      </div>
      <div class="bar-group">
        <button
          type="button"
          class="leave"
          onClick={onLeave}
          aria-label="Leave the call"
          aria-keyshortcuts={KEYS.leave}
          data-testid="leave"
        >
          <Icon name="leave" />
          <span class="leave-word">Leave</span>
          <Tip text="Leave the call" shortcut={KEYS.leave} />
        </button>
      </div>
    </section>
  );
}
