// SPDX-License-Identifier: Apache-2.0

// Included before every file of AOSP's init: what bionic's and libc++'s headers bring along and glibc's and libstdc++'s do not.
#pragma once

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

// For no other reason than that many files read them.
#include <android-base/file.h>
#include <android-base/logging.h>
#include <android-base/result.h>
#include <android-base/strings.h>

#include <chrono>
#include <iostream>
#include <set>
#include <sstream>
#include <thread>
#include <vector>
