// SPDX-License-Identifier: Apache-2.0

// In place of libcap's header: what init calls when it starts a service, which the verifier never does. The numbers of
// the capabilities are the kernel's.
#pragma once

#include <linux/capability.h>

typedef struct _cap_struct* cap_t;
typedef int cap_value_t;
enum cap_flag_t { CAP_EFFECTIVE, CAP_PERMITTED, CAP_INHERITABLE };
enum cap_flag_value_t { CAP_CLEAR, CAP_SET };

extern "C" {
cap_t cap_init();
cap_t cap_get_proc();
int cap_clear(cap_t);
int cap_clear_flag(cap_t, cap_flag_t);
int cap_set_flag(cap_t, cap_flag_t, int, const cap_value_t*, cap_flag_value_t);
int cap_set_proc(cap_t);
int cap_drop_bound(cap_value_t);
int cap_free(void*);
}
