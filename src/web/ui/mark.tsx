/** Tandem's mark and name. */
export function Mark() {
  return (
    <p class="mark">
      <svg viewBox="0 0 36 20" width="45" height="25" aria-hidden="true" focusable="false">
        <path d="M2 10a6 6 0 1 0 12 0a6 6 0 1 0 -12 0M22 10a6 6 0 1 0 12 0a6 6 0 1 0 -12 0M8 10h20" />
      </svg>
      <span>Tandem</span>
    </p>
  );
}
