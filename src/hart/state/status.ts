/** Fields of mstatus and sstatus, Privileged ISA §3.1.6. All that change lie in the low 32 bits. */
export const Status = {
  SIE: 1 << 1,
  MIE: 1 << 3,
  SPIE: 1 << 5,
  MPIE: 1 << 7,
  SPP: 1 << 8,
  MPP: 3 << 11,
  FS: 3 << 13,
  MPRV: 1 << 17,
  SUM: 1 << 18,
  MXR: 1 << 19,
  TVM: 1 << 20,
  TW: 1 << 21,
  TSR: 1 << 22,
} as const;

export const MPP_SHIFT = 11;

/** What software may change through mstatus, and through sstatus. */
export const SSTATUS_WRITABLE = Status.SIE | Status.SPIE | Status.SPP | Status.FS | Status.SUM | Status.MXR;
export const MSTATUS_WRITABLE =
  SSTATUS_WRITABLE | Status.MIE | Status.MPIE | Status.MPP | Status.MPRV | Status.TVM | Status.TW | Status.TSR;

/** UXL = SXL = 64 bits, and where SD stands. */
export const UXL_64 = 2n << 32n;
export const SXL_64 = 2n << 34n;
export const SD = 1n << 63n;

/** Privilege modes as mstatus.MPP encodes them. */
export const Mode = { U: 0, S: 1, M: 3 } as const;
