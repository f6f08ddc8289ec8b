/** The outline of a page that is about to come. */
export function Skeleton() {
  return (
    <main class="page centred" aria-busy="true">
      <div class="card skeleton">
        <span class="hidden-visually" role="status">
          Loading
        </span>
        <span class="bone wide" />
        <span class="bone" />
        <span class="bone control" />
      </div>
    </main>
  );
}
