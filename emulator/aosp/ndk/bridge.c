// SPDX-License-Identifier: Apache-2.0

// For the unwinders alone, which stand in for the NDK's libunwind.a: Debian has built them for glibc, and these names of it
// are not in bionic.
#include <stdarg.h>

extern int* __errno(void);
extern void __assert2(const char*, int, const char*, const char*) __attribute__((noreturn));
extern int vfprintf(void*, const char*, va_list);

int* __errno_location(void) { return __errno(); }

__attribute__((noreturn)) void __assert_fail(const char* condition, const char* file, unsigned line, const char* function) {
    __assert2(file, (int)line, function, condition);
}

int __vfprintf_chk(void* stream, int flag, const char* format, va_list arguments) {
    (void)flag;
    return vfprintf(stream, format, arguments);
}

// glibc's look-up of unwind tables, without which libgcc's unwinder finds none: a backtrace is empty.
int _dl_find_object(void* address, void* result) {
    (void)address;
    (void)result;
    return -1;
}
