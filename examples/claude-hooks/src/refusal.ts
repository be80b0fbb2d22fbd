/** Why something was not done: the closed list that the conformance suite knows. */
export type Kind =
  | "auth"
  | "busy"
  | "claude_failed"
  | "cwd_missing"
  | "invalid_session_id"
  | "invalid_setting"
  | "rate_limited"
  | "timeout"
  | "unsupported"
  | "unwritable";

export class Refusal extends Error {
  constructor(
    readonly kind: Kind,
    message: string,
  ) {
    super(message);
  }
}
