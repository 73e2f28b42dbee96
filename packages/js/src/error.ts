/** One broken rule at its field. */
export interface ProblemField {
  /** JSON pointer (RFC 6901) to the field in what was given; empty for the whole. */
  readonly pointer: string;
  /** The stable name of the broken rule. */
  readonly code: string;
  /** What is wrong there: field, value and bound. */
  readonly detail: string;
}

/** What a server, or the core on this side, says of a refusal. */
export interface ProblemLike {
  readonly code: string;
  readonly detail: string;
  readonly errors?: readonly ProblemField[];
  readonly status?: number;
  readonly request_id?: string;
}

/**
 * Why something was refused or did not come about. `code` is the server's, in the server's words, whether the
 * server refused or the core on this side did before anything was sent. Of this package's own are:
 *
 * - `closed`: the session was closed before a verdict came; the command may have taken effect or not.
 * - `unreachable`: a request had no answer.
 * - `unexpected_answer`: an answer is none of a VWS server.
 * - `address_invalid`: the address of the server has another form than `http(s)://host[:port][/path]`.
 */
export class VwsError extends Error {
  override readonly name = "VwsError";
  /** The stable name of the first broken rule, to branch on. */
  readonly code: string;
  /** Each broken rule at its field; may be empty. */
  readonly errors: readonly ProblemField[];
  /** The HTTP status, where the refusal came over HTTP. */
  readonly status: number | undefined;
  /** What the server's log calls the request, where it came over HTTP. */
  readonly requestId: string | undefined;

  constructor(problem: ProblemLike, options?: ErrorOptions) {
    super(problem.detail, options);
    this.code = problem.code;
    this.errors = problem.errors ?? [];
    this.status = problem.status;
    this.requestId = problem.request_id;
  }
}

/** What the core threw, as an error: its refusals are plain values. */
export function refusal(thrown: unknown): unknown {
  const isProblem = typeof thrown === "object" && thrown !== null && "code" in thrown && "detail" in thrown;
  return isProblem && !(thrown instanceof Error) ? new VwsError(thrown as ProblemLike) : thrown;
}

export function closed(): VwsError {
  return new VwsError({ code: "closed", detail: "the session was closed before the server's verdict came" });
}
