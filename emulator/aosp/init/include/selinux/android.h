// SPDX-License-Identifier: Apache-2.0

// In place of the platform's libselinux: the verifier reads the flags of `restorecon_recursive` and never uses them.
#pragma once

#include <selinux/selinux.h>

#define SELINUX_ANDROID_RESTORECON_RECURSE 1
#define SELINUX_ANDROID_RESTORECON_SKIPCE 2
#define SELINUX_ANDROID_RESTORECON_CROSS_FILESYSTEMS 4
