/** Bytes that may still pass, filled at a steady rate up to one second's worth. */
export interface TokenBucket {
  tokens: number;
  filledAt: number;
}

export function createTokenBucket(bytesPerSecond: number, now: number): TokenBucket {
  return { tokens: bytesPerSecond, filledAt: now };
}

function fill(bucket: TokenBucket, bytesPerSecond: number, now: number): void {
  const elapsed = now - bucket.filledAt;
  if (elapsed <= 0) return;
  bucket.tokens = Math.min(bytesPerSecond, bucket.tokens + (elapsed * bytesPerSecond) / 1000);
  bucket.filledAt = now;
}

/**
 * Takes `bytes` that have passed already out of the bucket, into debt if need be: streams can't lose any.
 * @returns false while there is debt, which `takeTokens` of nothing tells as well
 */
export function spendTokens(bucket: TokenBucket, bytesPerSecond: number, bytes: number, now: number): boolean {
  if (bytesPerSecond === 0) return true;
  fill(bucket, bytesPerSecond, now);
  bucket.tokens -= bytes;
  return bucket.tokens >= 0;
}

/**
 * Takes `bytes` out of the bucket.
 * @param bytesPerSecond rate and depth; 0: no limit
 * @param now milliseconds
 * @returns false when there are not that many; nothing is taken then
 */
export function takeTokens(bucket: TokenBucket, bytesPerSecond: number, bytes: number, now: number): boolean {
  if (bytesPerSecond === 0) return true;
  fill(bucket, bytesPerSecond, now);
  if (bucket.tokens < bytes) return false;
  bucket.tokens -= bytes;
  return true;
}
