import { Button } from "../ui/button.tsx";
import { IconButton } from "../ui/icon-button.tsx";
import { useCall } from "./call-context.ts";

/** Sentences above the bar, newest lowest. They are read out once. */
export function NoticeStack() {
  const { notices } = useCall();
  return (
    <div class="notices" role="status">
      {notices.list.value.map(notice => (
        <div key={notice.id} class="notice" data-testid={`notice-${notice.id}`}>
          <p dir="auto">{notice.text}</p>
          <span class="notice-actions">
            {notice.action && (
              <Button
                kind="quiet"
                onClick={() => {
                  notices.dismiss(notice.id);
                  notice.action?.run();
                }}
              >
                {notice.action.label}
              </Button>
            )}
            <IconButton icon="close" label="Dismiss" size="small" onClick={() => notices.dismiss(notice.id)} />
          </span>
        </div>
      ))}
    </div>
  );
}
