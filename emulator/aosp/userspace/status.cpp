// SPDX-License-Identifier: Apache-2.0

// A function of libutils that Debian's build of it leaves out.
#include <string.h>
#include <utils/Errors.h>

namespace android {
std::string statusToString(status_t status) {
    if (status == UNKNOWN_ERROR) return "UNKNOWN_ERROR";
    return "Status(" + std::to_string(status) + ", " + strerror(-status) + ")";
}
}  // namespace android
