// SPDX-License-Identifier: Apache-2.0

// See include/selinux/android.h. The file is read anew for every look-up: there are few.
#include <selinux/android.h>
#include <stdarg.h>
#include <stdio.h>
#include <syslog.h>

#include <fstream>
#include <sstream>

#undef selabel_lookup

namespace {
constexpr char kContexts[] = "/etc/selinux/service_contexts";
int handle;
}  // namespace

struct selabel_handle* selinux_android_service_context_handle() {
    return reinterpret_cast<struct selabel_handle*>(&handle);
}

struct selabel_handle* selinux_android_vendor_service_context_handle() {
    return selinux_android_service_context_handle();
}

// Denials go to the kernel's log, where the guest's other avc lines are.
int selinux_log_callback(int, const char* format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (FILE* log = fopen("/dev/kmsg", "w")) {
        fprintf(log, "servicemanager: %s", line);
        fclose(log);
    }
    return 0;
}

int selinux_vendor_log_callback(int type, const char* format, ...) {
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    return selinux_log_callback(type, "%s", line);
}

int service_context_lookup(struct selabel_handle*, char** context, const char* name, int) {
    std::ifstream contexts(kContexts);
    std::string line;
    while (std::getline(contexts, line)) {
        std::istringstream words(line);
        std::string pattern, label;
        if ((words >> pattern >> label) && (pattern == name || pattern == "*")) {
            *context = strdup(label.c_str());
            return *context ? 0 : -1;
        }
    }
    return -1;
}
