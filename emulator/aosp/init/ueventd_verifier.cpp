// SPDX-License-Identifier: Apache-2.0

// host_init_verifier does not read ueventd's files. AOSP's parser of them does; this calls it, with the users of Android and
// of a passwd file, and fails for whatever it reports.
//
//   ueventd_verifier PASSWD FILE
#include <android-base/file.h>
#include <android-base/logging.h>
#include <android-base/parseint.h>
#include <android-base/strings.h>
#include <generated_android_ids.h>
#include <grp.h>
#include <pwd.h>

#include <map>

#include "ueventd_parser.h"

namespace {
std::map<std::string, uid_t> users;
int errors;
}  // namespace

passwd* getpwnam(const char* name) {
    static passwd found;
    auto user = users.find(name);
    if (user == users.end()) return nullptr;
    found.pw_uid = found.pw_gid = user->second;
    return &found;
}

// Every user has a group of its own name and number.
group* getgrnam(const char* name) {
    static group found;
    auto user = users.find(name);
    if (user == users.end()) return nullptr;
    found.gr_gid = user->second;
    return &found;
}

// What ueventd would keep of a line, in devices.cpp and firmware_handler.cpp. Here nobody asks for it.
namespace android::init {
Permissions::Permissions(const std::string& name, mode_t perm, uid_t uid, gid_t gid, bool no_fnm_pathname)
    : name_(name), perm_(perm), uid_(uid), gid_(gid), prefix_(false), wildcard_(false), no_fnm_pathname_(no_fnm_pathname) {}

ExternalFirmwareHandler::ExternalFirmwareHandler(std::string devpath, uid_t uid, gid_t gid, std::string handler_path)
    : devpath(devpath), uid(uid), gid(gid), handler_path(handler_path) {}
}  // namespace android::init

int main(int argc, char** argv) {
    android::base::InitLogging(argv, [](auto, auto severity, auto, auto, auto, const char* message) {
        if (severity < android::base::ERROR) return;
        fprintf(stderr, "%s\n", message);
        errors++;
    });
    std::string passwd, text;
    if (argc != 3 || !android::base::ReadFileToString(argv[1], &passwd) || !android::base::ReadFileToString(argv[2], &text)) {
        fprintf(stderr, "usage: ueventd_verifier PASSWD FILE\n");
        return 2;
    }
    for (const auto& id : android_ids) users[id.name] = id.aid;
    for (const auto& line : android::base::Split(passwd, "\n")) {
        auto fields = android::base::Split(line, ":");
        uid_t uid;
        if (fields.size() >= 3 && android::base::ParseUint(fields[2], &uid)) users[fields[0]] = uid;
    }
    android::init::ParseConfig({argv[2]});
    return errors != 0;
}
