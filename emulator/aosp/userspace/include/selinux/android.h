// SPDX-License-Identifier: Apache-2.0

// What servicemanager needs of the platform's libselinux and Debian's has not: the look-up of names in service_contexts.
#pragma once

#include <selinux/label.h>
#include <selinux/selinux.h>

struct selabel_handle* selinux_android_service_context_handle();
struct selabel_handle* selinux_android_vendor_service_context_handle();
int selinux_log_callback(int type, const char* format, ...);
int selinux_vendor_log_callback(int type, const char* format, ...);

// The context of the service `name`. 0, or -1 if no line of service_contexts fits.
int service_context_lookup(struct selabel_handle* handle, char** context, const char* name, int type);
#define selabel_lookup service_context_lookup
