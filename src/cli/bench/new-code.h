/* Functions of random instructions, written over older ones for ever; says every 16 rounds what they have given so far. */
enum { FUNCTIONS = 4096, FUNCTION_BYTES = 1024, NEW_A_ROUND = 32, OLD_A_ROUND = 16, BODY_MAX = 200, DATA_BYTES = 2048 };
static u32 pick(u32 count) { return (u32)(next_random() >> 33) % count; }
static u32 any_register(void) {
  static const u8 scratch[] = {5, 6, 7, 28, 29, 30, 31, 12, 13, 14, 15, 16, 17};
  return scratch[pick(sizeof scratch)];
}
/* Branches go forward, by no more than the `left` instructions. */
static u32 any_instruction(int left) {
  /* funct3 and funct7 of addw, sllw, srlw, subw, sraw; funct3 of mulw, divw, divuw, remw, remuw. */
  u32 rd = any_register() << 7, rs1 = any_register() << 15, rs2 = any_register() << 20, wide = pick(8) << 12;
  static const u8 w_kinds[] = {0, 1, 5, 0, 5}, w_sevens[] = {0, 0, 0, 32, 32}, m_kinds[] = {0, 4, 5, 6, 7};
  u32 at = pick(DATA_BYTES / 8) * 8, kind = pick(5), skip = 4 + 4 * pick(left > 6 ? 6 : (u32)left);
  switch (pick(12)) {
    case 0: case 1: return 0x33 | rd | rs1 | rs2 | wide;
    case 2: return 0x40000033 | rd | rs1 | rs2 | (pick(2) ? 5 << 12 : 0);
    case 3: return 0x02000033 | rd | rs1 | rs2 | wide;
    case 4: return 0x3b | rd | rs1 | rs2 | (u32)w_kinds[kind] << 12 | (u32)w_sevens[kind] << 25;
    case 5: return 0x0200003b | rd | rs1 | rs2 | (u32)m_kinds[kind] << 12;
    case 6: return 0x13 | rd | rs1 | pick(4096) << 20 | (pick(2) ? 4 << 12 : 0);
    case 7: return 0x13 | rd | rs1 | pick(64) << 20 | (pick(2) ? 5 << 12 : 1 << 12);
    case 8: return 0x03 | rd | 11 << 15 | at << 20 | pick(7) << 12;
    case 9: return 0x23 | 11 << 15 | rs2 | (at >> 5) << 25 | (at & 31) << 7 | pick(4) << 12;
    default: return 0x63 | rs1 | rs2 | (skip >> 1 & 15) << 8 | (skip >> 5) << 25 | ((wide >> 12) % 6 + ((wide >> 12) % 6 > 1 ? 2 : 0)) << 12;
  }
}
/* a0: how often its loop is run; a1: data. */
static void write_function(u32 *to) {
  for (u32 r = 5; r < 32; r = r == 7 ? 12 : r == 17 ? 28 : r + 1) *to++ = 0x37 | r << 7 | (u32)next_random() << 12;
  int length = 10 + (int)pick(BODY_MAX - 10);
  for (int i = 0; i < length; i++) *to++ = any_instruction(length - i);
  u32 back = (u32)(-4 * (length + 1));
  *to++ = 0xfff50513;
  *to++ = 0x00051063 | (back >> 12 & 1) << 31 | (back >> 5 & 63) << 25 | (back >> 1 & 15) << 8 | (back >> 11 & 1) << 7;
  for (u32 r = 5; r < 32; r = r == 7 ? 12 : r == 17 ? 28 : r + 1) *to++ = 0x00054533 | r << 20;
  *to = 0x00008067;
}
static u64 new_code(word count) {
  u8 *data = arena + FUNCTIONS * FUNCTION_BYTES;
  word written = 0;
  u64 sum = 0;
  syscall4(SYS_MPROTECT, (long)arena, FUNCTIONS * FUNCTION_BYTES, 7, 0);
  for (word round = 1; round <= count; round++) {
    for (int i = 0; i < NEW_A_ROUND; i++) write_function((u32 *)(arena + (written + (word)i) % FUNCTIONS * FUNCTION_BYTES));
    __asm__ volatile("fence.i" ::: "memory");
    for (int i = 0; i < NEW_A_ROUND + OLD_A_ROUND; i++) {
      word n = i < NEW_A_ROUND ? written + (word)i : pick(written + NEW_A_ROUND < FUNCTIONS ? (u32)written + NEW_A_ROUND : FUNCTIONS);
      u64 (*function)(word, u8 *) = (u64 (*)(word, u8 *))(arena + n % FUNCTIONS * FUNCTION_BYTES);
      sum = sum * 31 + function(3000, data);
    }
    written += NEW_A_ROUND;
    if (round % 16 == 0) say("rounds "), say_hex(round), say(" "), say_hex(sum), say("\n");
  }
  return sum;
}
