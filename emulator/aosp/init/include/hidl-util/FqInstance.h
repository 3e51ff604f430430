// SPDX-License-Identifier: Apache-2.0

// In place of libhidl-gen-utils: see FQName.h.
#pragma once

#include <hidl-util/FQName.h>

namespace android {
class FqInstance {
  public:
    bool setTo(const std::string&) { return false; }
    FQName getFqName() const { return {}; }
};
}  // namespace android
