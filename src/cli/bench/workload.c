/*
 * The bench's one program: `workload NAME COUNT` does a piece of work COUNT times and prints `done NAME CHECKSUM`.
 * Freestanding, so that it is small enough to be typed into a guest, and the same code on every side that is compared.
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned long word;

#include "system-calls.h"

enum { AT_SYSINFO = 32, AT_FDCWD = -100, O_RDONLY = 0, O_WRONLY = 1, O_CREAT = 0100, O_TRUNC = 01000, O_DIRECT = 040000 };

static char **environment;
static u8 arena[64u << 20] __attribute__((aligned(4096)));

void *memcpy(void *to, const void *from, word count) {
  u8 *t = to;
  const u8 *f = from;
  enum { STEP = 4 * sizeof(word) };
  for (; count >= STEP && !(((word)t | (word)f) & (sizeof(word) - 1)); count -= STEP, t += STEP, f += STEP) {
    word a = ((word *)f)[0], b = ((word *)f)[1], c = ((word *)f)[2], d = ((word *)f)[3];
    ((word *)t)[0] = a, ((word *)t)[1] = b, ((word *)t)[2] = c, ((word *)t)[3] = d;
  }
  while (count--) *t++ = *f++;
  return to;
}

void *memset(void *to, int value, word count) {
  for (volatile u8 *t = to; count--;) *t++ = (u8)value;
  return to;
}

static u64 random_state = 88172645463325252u;
static u64 next_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  return random_state ^= random_state << 17;
}

/* Records, strings, calls through pointers and branches: what integer programs are made of. */
struct record { struct record *next; int kind, value; char text[32]; };
static struct record records[2];
static int compare(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return *a - *b;
}
static int __attribute__((noinline)) step(struct record *r, int n) {
  r->next->value = r->value + (n ^ r->kind);
  r->next->kind = (r->kind + 1) % 5;
  memcpy(r->next->text, r->text, sizeof r->text);
  r->next->text[n & 15] = (char)('A' + n % 26);
  return compare(r->text, r->next->text) > 0 ? r->next->value / 7 : r->next->value * 3;
}
static u64 integer(word count) {
  static const char text[32] = "DHRYSTONE PROGRAM, SOME STRING";
  memcpy(records[0].text, text, sizeof text);
  records[0].next = &records[1], records[1].next = &records[0];
  u64 sum = 0;
  for (word i = 0; i < count; i++) sum = sum * 31 + (u64)(u32)step(&records[i & 1], (int)i);
  return sum;
}

/* Each load's address is the load before: 64 MiB, in an order that no cache foresees. */
static u64 chase(word count) {
  u32 *next = (u32 *)arena, slots = sizeof arena / 64;
  for (u32 i = 0; i < slots; i++) next[i * 16] = i;
  for (u32 i = slots - 1; i > 0; i--) {
    u32 j = (u32)next_random() % i, swapped = next[i * 16];
    next[i * 16] = next[j * 16], next[j * 16] = swapped;
  }
  u32 at = 0;
  for (word i = 0; i < count; i++) at = next[at * 16];
  return at;
}

static u64 copy(word count) {
  word half = sizeof arena / 2;
  for (word i = 0; i < half; i += 4096) arena[i] = (u8)(i >> 12);
  for (word i = 0; i < count; i++) memcpy(arena + half, arena, half);
  return arena[half + 4096 * 77];
}

static const u32 K[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
  0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
  0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
  0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
  0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
  0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};
static u32 rotate(u32 x, int n) { return x >> n | x << (32 - n); }
static void sha256_block(u32 *h, const u8 *block) {
  u32 w[64], v[8];
  for (int i = 0; i < 16; i++) w[i] = (u32)block[4 * i] << 24 | (u32)block[4 * i + 1] << 16 | (u32)block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    u32 a = w[i - 15], b = w[i - 2];
    w[i] = w[i - 16] + w[i - 7] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
  }
  for (int i = 0; i < 8; i++) v[i] = h[i];
  for (int i = 0; i < 64; i++) {
    u32 s = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + K[i] + w[i];
    u32 t = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
    v[7] = v[6], v[6] = v[5], v[5] = v[4], v[4] = v[3] + s, v[3] = v[2], v[2] = v[1], v[1] = v[0], v[0] = s + t;
  }
  for (int i = 0; i < 8; i++) h[i] += v[i];
}
static u64 sha256(word count) {
  u32 h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for (word i = 0; i < count; i++) sha256_block(h, arena + (i % 16384) * 64);
  return (u64)h[0] << 32 | h[7];
}

struct body { double x[3], v[3], mass; };
static u64 nbody(word count) {
  struct body bodies[5];
  for (int i = 0; i < 5; i++)
    for (int k = 0; k < 3; k++) bodies[i].x[k] = i * 3.1 + k * 0.7, bodies[i].v[k] = (k - i) * 0.11, bodies[i].mass = 1.0 / (1 + i);
  for (word n = 0; n < count; n++) {
    for (int i = 0; i < 5; i++)
      for (int j = i + 1; j < 5; j++) {
        double d[3], squared = 0.01;
        for (int k = 0; k < 3; k++) d[k] = bodies[i].x[k] - bodies[j].x[k], squared += d[k] * d[k];
        double scale = 0.001 / (squared * __builtin_sqrt(squared));
        for (int k = 0; k < 3; k++) bodies[i].v[k] -= d[k] * bodies[j].mass * scale, bodies[j].v[k] += d[k] * bodies[i].mass * scale;
      }
    for (int i = 0; i < 5; i++)
      for (int k = 0; k < 3; k++) bodies[i].x[k] += 0.001 * bodies[i].v[k];
  }
  u64 bits;
  memcpy(&bits, &bodies[0].x[0], sizeof bits);
  return bits;
}

/* A small language's virtual machine: one indirect jump for each of its instructions. */
static u64 bytecode(word count) {
  enum { PUSH, ADD, MULTIPLY, XOR, DUP, SWAP, LESS, LOOP };
  static const u8 program[] = {PUSH, 3, MULTIPLY, PUSH, 7, ADD, DUP, PUSH, 5, XOR, SWAP, LESS, PUSH, 1, ADD, LOOP};
  u64 stack[16] = {1}, *top = stack;
  const u8 *at = program;
  for (word left = count; left;) {
    switch (*at++) {
      case PUSH: *++top = *at++; break;
      case ADD: top--, top[0] += top[1]; break;
      case MULTIPLY: top--, top[0] *= top[1]; break;
      case XOR: top--, top[0] ^= top[1]; break;
      case DUP: top[1] = top[0], top++; break;
      case SWAP: { u64 t = top[0]; top[0] = top[-1], top[-1] = t; break; }
      case LESS: top--, top[0] = top[0] < top[1] ? top[0] : top[1]; break;
      case LOOP: left--, at = program; break;
    }
  }
  return stack[0];
}

static u64 sort(word count) {
  u32 *v = (u32 *)arena;
  for (word i = 0; i < count; i++) v[i] = (u32)next_random();
  for (word root = count / 2, last = count; last > 1;) {
    if (root) root--;
    else { u32 t = v[--last]; v[last] = v[0], v[0] = t; }
    word at = root, child;
    u32 moved = v[at];
    while ((child = at * 2 + 1) < last) {
      if (child + 1 < last && v[child + 1] > v[child]) child++;
      if (v[child] <= moved) break;
      v[at] = v[child], at = child;
    }
    v[at] = moved;
  }
  return (u64)v[0] << 32 | v[count / 2];
}

static u64 getpid_calls(word count) {
  u64 sum = 0;
  for (word i = 0; i < count; i++) sum += syscall4(SYS_GETPID, 0, 0, 0, 0) > 0;
  return sum;
}

enum { SIGCHLD = 17 };
static u64 pipe_round_trips(word count) {
  int there[2], back[2];
  u8 byte = 1;
  syscall4(SYS_PIPE2, (long)there, 0, 0, 0), syscall4(SYS_PIPE2, (long)back, 0, 0, 0);
  long child = syscall4(SYS_CLONE, SIGCHLD, 0, 0, 0);
  for (word i = 0; i < count; i++) {
    if (child) syscall4(SYS_WRITE, there[1], (long)&byte, 1, 0), syscall4(SYS_READ, back[0], (long)&byte, 1, 0);
    else syscall4(SYS_READ, there[0], (long)&byte, 1, 0), byte++, syscall4(SYS_WRITE, back[1], (long)&byte, 1, 0);
  }
  if (!child) syscall4(SYS_EXIT, 0, 0, 0, 0);
  syscall4(SYS_WAIT4, child, 0, 0, 0);
  return byte;
}

static u64 fork_exec(word count) {
  static char *const arguments[] = {"workload", "nothing", "1", 0};
  u64 done = 0;
  for (word i = 0; i < count; i++) {
    long child = syscall4(SYS_CLONE, SIGCHLD, 0, 0, 0);
    if (!child) syscall4(SYS_EXECVE, (long)"/proc/self/exe", (long)arguments, (long)environment, 0), syscall4(SYS_EXIT, 9, 0, 0, 0);
    int status = -1;
    syscall4(SYS_WAIT4, child, (long)&status, 0, 0);
    done += status == 0;
  }
  return done;
}

/* Folds memory into a running sum (FNV-1a, eight bytes at a time as they stand in it). */
static u64 fold(u64 sum, const u8 *bytes, word count) {
  for (word i = 0; i + 8 <= count; i += 8) {
    u64 value;
    memcpy(&value, bytes + i, sizeof value);
    sum = (sum ^ value) * 0x100000001b3u;
  }
  for (word i = count & ~(word)7; i < count; i++) sum = (sum ^ bytes[i]) * 0x100000001b3u;
  return sum;
}

/* Writes a file of 16 MiB, waits until the disk has it, and reads it back from there, past the page cache. */
enum { FILE_BYTES = 16 << 20, PIECE_BYTES = 64 << 10 };
static u64 file(word count) {
  static const char name[] = "bench-file";
  u64 sum = 0;
  for (word i = 0; i < FILE_BYTES; i += 8) *(u64 *)(arena + i) = next_random();
  for (word pass = 0; pass < count; pass++) {
    for (word i = 0; i < FILE_BYTES; i += 4096) arena[i]++;
    long written = syscall4(SYS_OPENAT, AT_FDCWD, (long)name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    for (word i = 0; i < FILE_BYTES; i += PIECE_BYTES)
      if (syscall4(SYS_WRITE, written, (long)(arena + i), PIECE_BYTES, 0) != PIECE_BYTES) syscall4(SYS_EXIT, 3, 0, 0, 0);
    if (syscall4(SYS_FSYNC, written, 0, 0, 0)) syscall4(SYS_EXIT, 3, 0, 0, 0);
    syscall4(SYS_CLOSE, written, 0, 0, 0);
    long read = syscall4(SYS_OPENAT, AT_FDCWD, (long)name, O_RDONLY | O_DIRECT, 0);
    u8 *back = arena + FILE_BYTES;
    for (word i = 0; i < FILE_BYTES; i += PIECE_BYTES) {
      if (syscall4(SYS_READ, read, (long)back, PIECE_BYTES, 0) != PIECE_BYTES) syscall4(SYS_EXIT, 3, 0, 0, 0);
      for (word k = 0; k < PIECE_BYTES; k += 512) sum = fold(sum, back + k, 8);
    }
    syscall4(SYS_CLOSE, read, 0, 0, 0);
  }
  syscall4(SYS_UNLINKAT, AT_FDCWD, (long)name, 0, 0);
  return sum;
}

/* Prints COUNT MiB of words, few of them frequent and many rare: what `gzip` gets to compress. */
static u64 text(word count) {
  enum { WORDS = 4096, LONGEST = 12 };
  static char words[WORDS][LONGEST];
  static u8 lengths[WORDS];
  for (word i = 0; i < WORDS; i++) {
    u64 letters = next_random();
    lengths[i] = (u8)(2 + (letters >> 60) * (letters >> 62) / 5);
    for (word k = 0; k < lengths[i]; k++, letters >>= 5) words[i][k] = "etaoinshrdlucmfwypvbgkjqxzetaoin"[letters & 31];
  }
  for (word mebibyte = 0; mebibyte < count; mebibyte++) {
    word length = 0;
    while (length < 1 << 20) {
      u64 r = next_random();
      u32 i = (u32)(((r & 4095) * (r >> 12 & 4095) >> 12) * (r >> 24 & 4095) >> 12);
      memcpy(arena + length, words[i], lengths[i]);
      length += lengths[i];
      arena[length++] = (r >> 40 & 15) ? ' ' : '\n';
    }
    for (word done = 0; done < 1 << 20;) {
      long wrote = syscall4(SYS_WRITE, 1, (long)(arena + done), (1 << 20) - (long)done, 0);
      if (wrote <= 0) syscall4(SYS_EXIT, 3, 0, 0, 0);
      done += (word)wrote;
    }
  }
  return 0;
}

/* The sum of what is on the standard input. */
static u64 sum_of_input(word count) {
  word length = 0;
  (void)count;
  for (long got; (got = syscall4(SYS_READ, 0, (long)(arena + length), (long)(sizeof arena - length), 0)) > 0;) length += (word)got;
  return fold(length, arena, length);
}

static void say(const char *text) {
  word length = 0;
  while (text[length]) length++;
  syscall4(SYS_WRITE, 1, (long)text, (long)length, 0);
}

static void say_hex(u64 value) {
  char digits[17];
  for (int i = 0; i < 16; i++) digits[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
  digits[16] = 0;
  say(digits);
}

#if defined(__riscv)
#include "new-code.h"
#endif

static u64 nothing(word count) { return (void)count, 0; }

static const struct { const char *name; u64 (*run)(word); } workloads[] = {
  {"integer", integer}, {"chase", chase}, {"copy", copy}, {"sha256", sha256}, {"nbody", nbody}, {"bytecode", bytecode},
  {"sort", sort}, {"getpid", getpid_calls}, {"pipe", pipe_round_trips}, {"fork-exec", fork_exec}, {"file", file}, {"gzip", sum_of_input},
#if defined(__riscv)
  {"new-code", new_code},
#endif
  {"text", text}, {"nothing", nothing}};

void begin(word *stack) {
  char **arguments = (char **)(stack + 1);
  environment = arguments + *stack + 1;
#if defined(__i386__)
  word *auxiliary = (word *)environment;
  while (*auxiliary++) {}
  for (; auxiliary[0]; auxiliary += 2)
    if (auxiliary[0] == AT_SYSINFO) kernel_entry = (const void *)auxiliary[1];
#endif
  if (*stack < 3) syscall4(SYS_EXIT, 2, 0, 0, 0);
  word count = 0;
  for (const char *digit = arguments[2]; *digit; digit++) count = count * 10 + (word)(*digit - '0');
  for (word i = 0; i < sizeof workloads / sizeof workloads[0]; i++) {
    if (compare(workloads[i].name, arguments[1])) continue;
    u64 checksum = workloads[i].run(count);
    if (workloads[i].run != nothing && workloads[i].run != text) say("done "), say(arguments[1]), say(" "), say_hex(checksum), say("\n");
    syscall4(SYS_EXIT, 0, 0, 0, 0);
  }
  syscall4(SYS_EXIT, 2, 0, 0, 0);
}
