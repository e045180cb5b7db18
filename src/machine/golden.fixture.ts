/** MachineParts as JSON: bytes as hexadecimal, bigints as text, each in an object of its own. */
export function encodeParts(value: unknown): unknown {
  if (value instanceof Uint8Array)
    return { $bytes: Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("") };
  if (typeof value === "bigint") return { $bigint: String(value) };
  if (Array.isArray(value)) return value.map(encodeParts);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  return Object.fromEntries(entries.map(([key, item]) => [key, encodeParts(item)]));
}

export function decodeParts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decodeParts);
  if (typeof value !== "object" || value === null) return value;
  if ("$bigint" in value) return BigInt(String(value.$bigint));
  if ("$bytes" in value)
    return Uint8Array.from(String(value.$bytes).match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decodeParts(item)]));
}
