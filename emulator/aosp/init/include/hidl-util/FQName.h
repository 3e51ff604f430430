// SPDX-License-Identifier: Apache-2.0

// In place of libhidl-gen-utils: a HIDL name. There are no HIDL interfaces here, so none is a valid name, and a file that
// uses one is refused.
#pragma once

#include <string>

namespace android {
class FQName {
  public:
    static bool parse(const std::string&, FQName*) { return false; }
    bool setTo(const std::string&) { return false; }
    bool isFullyQualified() const { return false; }
    bool isValidValueName() const { return false; }
    std::string string() const { return ""; }
    bool operator<(const FQName&) const { return false; }
};
}  // namespace android
