const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;

/** A telephone's keys. */
export function Keypad({ onPress }: { onPress: (key: string) => void }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would want a legend that repeats the dialog's title
    <div class="keypad" role="group" aria-label="Keys">
      {KEYS.map(key => (
        <button key={key} type="button" class="button plain" onClick={() => onPress(key)}>
          {key}
        </button>
      ))}
    </div>
  );
}
