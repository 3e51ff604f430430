// SPDX-License-Identifier: Apache-2.0

// Included before every file of AOSP's binder: standard headers that bionic's and libc++'s headers bring along and
// glibc's and libstdc++'s do not, and constants that Linux' public header has under other names.
#pragma once

#include <inttypes.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <bitset>
#include <condition_variable>
#include <functional>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>

using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;

#define FLAT_BINDER_FLAG_INHERIT_RT 0x800
#define FLAT_BINDER_FLAG_SCHED_POLICY_SHIFT 9
