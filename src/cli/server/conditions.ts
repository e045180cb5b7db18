import type { IncomingHttpHeaders } from "node:http";

/** By what a reader knows a file again. */
export interface Validators {
  /** Strong: other content has another one. */
  readonly etag: string;
  readonly lastModified: string;
}

function names(list: string, etag: string): boolean {
  return list.trim() === "*" || list.split(",").some((each) => each.trim() === etag);
}

/** Seconds since 1970, or NaN where it is no date: no comparison holds then. */
function date(text: string | undefined): number {
  return Date.parse(text ?? "") / 1000;
}

/** Whether the file is still to be sent, by the conditions of a request in their order (RFC 9110 §13.2.2). */
export function judgeConditions(headers: IncomingHttpHeaders, file: Validators): "send" | "not modified" | "failed" {
  const modified = date(file.lastModified);
  const { "if-match": match, "if-none-match": noneMatch } = headers;
  const isOther = match === undefined ? modified > date(headers["if-unmodified-since"]) : !names(match, file.etag);
  if (isOther) return "failed";
  const isKnown =
    noneMatch === undefined
      ? modified <= date(headers["if-modified-since"])
      : names(noneMatch.replaceAll("W/", ""), file.etag);
  return isKnown ? "not modified" : "send";
}

/** Whether a Range header counts: where the reader says of what it has a part already, that must be this file (§13.1.5). */
export function mayAnswerRange(headers: IncomingHttpHeaders, file: Validators): boolean {
  const condition = headers["if-range"];
  return condition === undefined || condition === file.etag || condition === file.lastModified;
}
