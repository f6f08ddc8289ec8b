/** People come by an application's link (`ROOM_ACCESS=token`). */
export function ByApplication() {
  return (
    <div class="stack">
      <h1 class="title">Come by a link</h1>
      <p>Calls on this server begin in an application. Open the link it gave you; there is nothing to do here.</p>
      <p class="quiet small">
        For developers: ask <code>POST /v1/tokens</code> for a join token, then use the SDK, or send people to{" "}
        <code>/r/ROOM#t=TOKEN</code>.
      </p>
    </div>
  );
}
