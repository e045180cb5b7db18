/** Instruction words from their fields, Unprivileged ISA §2.2–2.3. Field values beyond their width are cut off; results are unsigned. */

export function encodeR(match: number, rd: number, rs1: number, rs2: number): number {
  return (match | (rd << 7) | (rs1 << 15) | (rs2 << 20)) >>> 0;
}

export function encodeI(match: number, rd: number, rs1: number, imm: number): number {
  return (match | (rd << 7) | (rs1 << 15) | (imm << 20)) >>> 0;
}

export function encodeS(match: number, rs1: number, rs2: number, imm: number): number {
  return (match | ((imm & 0x1f) << 7) | (rs1 << 15) | (rs2 << 20) | ((imm >> 5) << 25)) >>> 0;
}

export function encodeB(match: number, rs1: number, rs2: number, imm: number): number {
  const low = (((imm >> 1) & 0xf) << 8) | (((imm >> 11) & 1) << 7);
  const high = (((imm >> 5) & 0x3f) << 25) | (((imm >> 12) & 1) << 31);
  return (match | low | (rs1 << 15) | (rs2 << 20) | high) >>> 0;
}

/** `imm` is the whole 32-bit value, its low 12 bits zero. */
export function encodeU(match: number, rd: number, imm: number): number {
  return (match | (rd << 7) | (imm & 0xffff_f000)) >>> 0;
}

export function encodeJ(match: number, rd: number, imm: number): number {
  const bits =
    (((imm >> 12) & 0xff) << 12) | (((imm >> 11) & 1) << 20) | (((imm >> 1) & 0x3ff) << 21) | (((imm >> 20) & 1) << 31);
  return (match | (rd << 7) | bits) >>> 0;
}
