/**
 * What browsers, workerd, Node and Bun all have. The core names nothing else of its host; whatever differs between them
 * comes in `Surroundings`.
 */
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: "abort", listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: "abort", listener: () => void): void;
}
declare function atob(data: string): string;
declare function queueMicrotask(callback: () => void): void;
