import { useEffect, useRef } from "preact/hooks";
import { preferences } from "../state/preferences.ts";
import { topologyText } from "../state/topology-texts.ts";
import { Icon } from "../ui/icon.tsx";
import { MenuChoice, MenuItem, onMenuKey } from "../ui/menu.tsx";
import { Tip } from "../ui/tip.tsx";
import { copyLink, KEYS, MENU_ID } from "./actions.ts";
import { useCall } from "./call-context.ts";

/** Everything that is needed less often, and how sound and picture travel now. */
export function MoreMenu() {
  const call = useCall();
  const menu = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const onToggle = (event: Event) => {
      if ((event as ToggleEvent).newState === "open")
        menu.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    };
    menu.current?.addEventListener("toggle", onToggle);
    return () => menu.current?.removeEventListener("toggle", onToggle);
  }, []);

  const then = (act: () => void) => () => {
    menu.current?.hidePopover();
    act();
  };
  return (
    <>
      <button
        type="button"
        class="toggle drawer off menu-button"
        aria-label="More"
        aria-haspopup="menu"
        aria-keyshortcuts={KEYS.more}
        popovertarget={MENU_ID}
        data-testid="more"
      >
        <Icon name="more" />
        <Tip text="More" shortcut={KEYS.more} />
      </button>
      <div ref={menu} id={MENU_ID} popover="auto" class="menu" role="menu" aria-label="More" onKeyDown={onMenuKey}>
        <MenuItem
          icon="settings"
          shortcut={KEYS.devices}
          onClick={then(() => {
            call.view.dialog.value = "devices";
          })}
        >
          Devices
        </MenuItem>
        {call.link !== undefined && (
          <MenuItem icon="link" shortcut={KEYS.link} onClick={then(() => void copyLink(call))} testId="copy-link">
            Copy the link
          </MenuItem>
        )}
        {call.you.value.grants.dial && (
          <MenuItem
            icon="phone"
            shortcut={KEYS.dial}
            onClick={then(() => {
              call.view.dialog.value = "dial";
            })}
            testId="dial-menu"
          >
            Call a telephone
          </MenuItem>
        )}
        <MenuItem
          icon="keyboard"
          shortcut={KEYS.shortcuts}
          onClick={then(() => {
            call.view.dialog.value = "shortcuts";
          })}
        >
          Keyboard shortcuts
        </MenuItem>
        <hr class="menu-line" />
        <MenuChoice
          icon="grid"
          label="Layout"
          options={[
            { value: "grid", label: "Grid" },
            { value: "speaker", label: "Speaker" },
          ]}
          value={preferences.layout.value}
          onPick={layout => {
            preferences.layout.value = layout;
          }}
        />
        {call.topology.value.current === "sfu" && (
          <MenuChoice
            icon="sound"
            label="Receive"
            options={[
              { value: "everybody", label: "Everybody" },
              { value: "mix", label: "One mix" },
            ]}
            value={preferences.receiving.value}
            onPick={receiving => {
              preferences.receiving.value = receiving;
            }}
          />
        )}
        <MenuChoice
          icon="theme"
          label="Theme"
          options={[
            { value: "system", label: "System" },
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
          ]}
          value={preferences.theme.value}
          onPick={theme => {
            preferences.theme.value = theme;
          }}
        />
        <hr class="menu-line" />
        <p class="menu-note small" data-testid="topology">
          {topologyText(call.topology.value)}
        </p>
      </div>
    </>
  );
}
