export const USER = "bench";
export const PASSWORD = "bench-password";
export const REALM = "tandem";
