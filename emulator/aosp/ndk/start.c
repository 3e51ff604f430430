// SPDX-License-Identifier: Apache-2.0

// In place of the NDK's crtbegin_dynamic.o: bionic wants the arguments as they lie on the stack, main, and the arrays of
// functions around it. The dynamic linker has run those before main; there are none after it, which inside/android checks.
typedef int program(int, char**, char**);

extern program main;
extern void __libc_init(void* arguments, void (*unused)(void), program*, void** arrays) __attribute__((noreturn));

__attribute__((visibility("hidden"))) void* __dso_handle = &__dso_handle;

__attribute__((used, noreturn)) static void begin(void* arguments) {
    void* arrays[6] = {0};
    __libc_init(arguments, 0, &main, arrays);
}

// The stack pointer is the first argument, and the last frame has no caller.
#if defined(__aarch64__)
__asm__(".globl _start\n.type _start, %function\n_start:\nbti j\nmov x29, xzr\nmov x30, xzr\nmov x0, sp\nb begin");
#elif defined(__x86_64__)
__asm__(".globl _start\n.type _start, @function\n_start:\nxor %ebp, %ebp\nmov %rsp, %rdi\nand $-16, %rsp\ncall begin");
#endif
