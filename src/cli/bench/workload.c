/*
 * The bench's one program: `workload NAME COUNT` does a piece of work COUNT times and prints `done NAME CHECKSUM`.
 * Freestanding, so that it is small enough to be typed into a guest, and the same code on every side that is compared.
 */
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long u64;

#if defined(__riscv)
enum { SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93, SYS_GETPID = 172, SYS_CLONE = 220, SYS_EXECVE = 221, SYS_WAIT4 = 260, SYS_PIPE2 = 59 };
static long syscall4(long number, long a, long b, long c, long d) {
  register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c, a3 __asm__("a3") = d;
  register long a4 __asm__("a4") = 0, a7 __asm__("a7") = number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7) : "memory");
  return a0;
}
__asm__(".globl _start\n_start: .option push\n .option norelax\n la gp, __global_pointer$\n .option pop\n mv a0, sp\n andi sp, sp, -16\n call begin\n");
#elif defined(__x86_64__)
enum { SYS_READ = 0, SYS_WRITE = 1, SYS_EXIT = 60, SYS_GETPID = 39, SYS_CLONE = 56, SYS_EXECVE = 59, SYS_WAIT4 = 61, SYS_PIPE2 = 293 };
static long syscall4(long number, long a, long b, long c, long d) {
  register long r10 __asm__("r10") = d, r8 __asm__("r8") = 0;
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#else
#error "The bench runs on riscv64 and x86_64."
#endif

static char **environment;
static u8 arena[64u << 20] __attribute__((aligned(64)));

void *memcpy(void *to, const void *from, u64 count) {
  u8 *t = to;
  const u8 *f = from;
  for (; count >= 32 && !(((u64)t | (u64)f) & 7); count -= 32, t += 32, f += 32) {
    u64 a = ((u64 *)f)[0], b = ((u64 *)f)[1], c = ((u64 *)f)[2], d = ((u64 *)f)[3];
    ((u64 *)t)[0] = a, ((u64 *)t)[1] = b, ((u64 *)t)[2] = c, ((u64 *)t)[3] = d;
  }
  while (count--) *t++ = *f++;
  return to;
}

void *memset(void *to, int value, u64 count) {
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
static u64 integer(u64 count) {
  static const char text[32] = "DHRYSTONE PROGRAM, SOME STRING";
  memcpy(records[0].text, text, sizeof text);
  records[0].next = &records[1], records[1].next = &records[0];
  u64 sum = 0;
  for (u64 i = 0; i < count; i++) sum = sum * 31 + (u64)(u32)step(&records[i & 1], (int)i);
  return sum;
}

/* Each load's address is the load before: 64 MiB, in an order that no cache foresees. */
static u64 chase(u64 count) {
  u32 *next = (u32 *)arena, slots = sizeof arena / 64;
  for (u32 i = 0; i < slots; i++) next[i * 16] = i;
  for (u32 i = slots - 1; i > 0; i--) {
    u32 j = (u32)(next_random() % i), swapped = next[i * 16];
    next[i * 16] = next[j * 16], next[j * 16] = swapped;
  }
  u32 at = 0;
  for (u64 i = 0; i < count; i++) at = next[at * 16];
  return at;
}

static u64 copy(u64 count) {
  u64 half = sizeof arena / 2;
  for (u64 i = 0; i < half; i += 4096) arena[i] = (u8)(i >> 12);
  for (u64 i = 0; i < count; i++) memcpy(arena + half, arena, half);
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
static u64 sha256(u64 count) {
  u32 h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  for (u64 i = 0; i < count; i++) sha256_block(h, arena + (i % 16384) * 64);
  return (u64)h[0] << 32 | h[7];
}

struct body { double x[3], v[3], mass; };
static u64 nbody(u64 count) {
  struct body bodies[5];
  for (int i = 0; i < 5; i++)
    for (int k = 0; k < 3; k++) bodies[i].x[k] = i * 3.1 + k * 0.7, bodies[i].v[k] = (k - i) * 0.11, bodies[i].mass = 1.0 / (1 + i);
  for (u64 n = 0; n < count; n++) {
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
static u64 bytecode(u64 count) {
  enum { PUSH, ADD, MULTIPLY, XOR, DUP, SWAP, LESS, LOOP };
  static const u8 program[] = {PUSH, 3, MULTIPLY, PUSH, 7, ADD, DUP, PUSH, 5, XOR, SWAP, LESS, PUSH, 1, ADD, LOOP};
  u64 stack[16] = {1}, *top = stack;
  const u8 *at = program;
  for (u64 left = count; left;) {
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

static u64 sort(u64 count) {
  u32 *v = (u32 *)arena;
  for (u64 i = 0; i < count; i++) v[i] = (u32)next_random();
  for (u64 root = count / 2, last = count; last > 1;) {
    if (root) root--;
    else { u32 t = v[--last]; v[last] = v[0], v[0] = t; }
    u64 at = root, child;
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

static u64 getpid_calls(u64 count) {
  u64 sum = 0;
  for (u64 i = 0; i < count; i++) sum += syscall4(SYS_GETPID, 0, 0, 0, 0) > 0;
  return sum;
}

enum { SIGCHLD = 17 };
static u64 pipe_round_trips(u64 count) {
  int there[2], back[2];
  u8 byte = 1;
  syscall4(SYS_PIPE2, (long)there, 0, 0, 0), syscall4(SYS_PIPE2, (long)back, 0, 0, 0);
  long child = syscall4(SYS_CLONE, SIGCHLD, 0, 0, 0);
  for (u64 i = 0; i < count; i++) {
    if (child) syscall4(SYS_WRITE, there[1], (long)&byte, 1, 0), syscall4(SYS_READ, back[0], (long)&byte, 1, 0);
    else syscall4(SYS_READ, there[0], (long)&byte, 1, 0), byte++, syscall4(SYS_WRITE, back[1], (long)&byte, 1, 0);
  }
  if (!child) syscall4(SYS_EXIT, 0, 0, 0, 0);
  syscall4(SYS_WAIT4, child, 0, 0, 0);
  return byte;
}

static u64 fork_exec(u64 count) {
  static char *const arguments[] = {"workload", "nothing", "1", 0};
  u64 done = 0;
  for (u64 i = 0; i < count; i++) {
    long child = syscall4(SYS_CLONE, SIGCHLD, 0, 0, 0);
    if (!child) syscall4(SYS_EXECVE, (long)"/proc/self/exe", (long)arguments, (long)environment, 0), syscall4(SYS_EXIT, 9, 0, 0, 0);
    int status = -1;
    syscall4(SYS_WAIT4, child, (long)&status, 0, 0);
    done += status == 0;
  }
  return done;
}

static u64 nothing(u64 count) { return (void)count, 0; }

static const struct { const char *name; u64 (*run)(u64); } workloads[] = {
  {"integer", integer}, {"chase", chase}, {"copy", copy}, {"sha256", sha256}, {"nbody", nbody}, {"bytecode", bytecode},
  {"sort", sort}, {"getpid", getpid_calls}, {"pipe", pipe_round_trips}, {"fork-exec", fork_exec}, {"nothing", nothing}};

static void say(const char *text) {
  u64 length = 0;
  while (text[length]) length++;
  syscall4(SYS_WRITE, 1, (long)text, (long)length, 0);
}

static void say_hex(u64 value) {
  char digits[17];
  for (int i = 0; i < 16; i++) digits[i] = "0123456789abcdef"[value >> (60 - 4 * i) & 15];
  digits[16] = 0;
  say(digits);
}

void begin(u64 *stack) {
  char **arguments = (char **)(stack + 1);
  environment = arguments + *stack + 1;
  if (*stack < 3) syscall4(SYS_EXIT, 2, 0, 0, 0);
  u64 count = 0;
  for (const char *digit = arguments[2]; *digit; digit++) count = count * 10 + (u64)(*digit - '0');
  for (u64 i = 0; i < sizeof workloads / sizeof workloads[0]; i++) {
    if (compare(workloads[i].name, arguments[1])) continue;
    u64 checksum = workloads[i].run(count);
    if (workloads[i].run != nothing) say("done "), say(arguments[1]), say(" "), say_hex(checksum), say("\n");
    syscall4(SYS_EXIT, 0, 0, 0, 0);
  }
  syscall4(SYS_EXIT, 2, 0, 0, 0);
}
