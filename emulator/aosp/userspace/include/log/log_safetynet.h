// SPDX-License-Identifier: Apache-2.0

// There is no event log in the guest.
#pragma once

#define android_errorWriteLog(tag, subtag) ((void)0)
