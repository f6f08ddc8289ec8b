const INTERVAL = 500;

/** Resolves once `isEmpty`, looked at twice a second, or after `seconds`. */
export async function untilEmpty(isEmpty: () => boolean, seconds = Number.POSITIVE_INFINITY): Promise<void> {
  for (const end = performance.now() + seconds * 1000; !isEmpty() && performance.now() < end; )
    await new Promise(resolve => setTimeout(resolve, INTERVAL));
}
