// SPDX-License-Identifier: Apache-2.0

// In place of libhidlmetadata, the list of a tree's HIDL interfaces: there are none.
#pragma once

#include <string>
#include <vector>

struct HidlInterfaceMetadata {
    std::string name;
    std::vector<std::string> inherited;

    static std::vector<HidlInterfaceMetadata> all() { return {}; }
};
