/* How a program without a C library begins and asks its kernel, on each side that is compared. */
#if defined(__riscv)
enum { SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93, SYS_GETPID = 172, SYS_CLONE = 220, SYS_EXECVE = 221, SYS_WAIT4 = 260, SYS_PIPE2 = 59,
       SYS_OPENAT = 56, SYS_CLOSE = 57, SYS_FSYNC = 82, SYS_UNLINKAT = 35, SYS_MPROTECT = 226 };
static long syscall4(long number, long a, long b, long c, long d) {
  register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c, a3 __asm__("a3") = d;
  register long a4 __asm__("a4") = 0, a7 __asm__("a7") = number;
  __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a7) : "memory");
  return a0;
}
__asm__(".globl _start\n_start: .option push\n .option norelax\n la gp, __global_pointer$\n .option pop\n mv a0, sp\n andi sp, sp, -16\n call begin\n");
#elif defined(__x86_64__)
enum { SYS_READ = 0, SYS_WRITE = 1, SYS_EXIT = 60, SYS_GETPID = 39, SYS_CLONE = 56, SYS_EXECVE = 59, SYS_WAIT4 = 61, SYS_PIPE2 = 293,
       SYS_OPENAT = 257, SYS_CLOSE = 3, SYS_FSYNC = 74, SYS_UNLINKAT = 263 };
static long syscall4(long number, long a, long b, long c, long d) {
  register long r10 __asm__("r10") = d, r8 __asm__("r8") = 0;
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
  return result;
}
__asm__(".globl _start\n_start: mov %rsp, %rdi\n and $-16, %rsp\n call begin\n");
#elif defined(__i386__)
enum { SYS_READ = 3, SYS_WRITE = 4, SYS_EXIT = 1, SYS_GETPID = 20, SYS_CLONE = 120, SYS_EXECVE = 11, SYS_WAIT4 = 114, SYS_PIPE2 = 331,
       SYS_OPENAT = 295, SYS_CLOSE = 6, SYS_FSYNC = 118, SYS_UNLINKAT = 301 };
/* As the C library does it: through the entry that the kernel chose for this processor, if it names one. */
extern u8 interrupt_entry[];
static const void *kernel_entry = interrupt_entry;
static long syscall4(long number, long a, long b, long c, long d) {
  long result;
  __asm__ volatile("call *%[entry]" : "=a"(result) : "a"(number), "b"(a), "c"(b), "d"(c), "S"(d), "D"(0), [entry] "m"(kernel_entry) : "memory", "cc");
  return result;
}
__asm__("interrupt_entry: int $0x80\n ret\n.globl _start\n_start: mov %esp, %eax\n and $-16, %esp\n sub $12, %esp\n push %eax\n call begin\n");
#else
#error "The bench runs on riscv64, x86_64 and i386."
#endif
