// SPDX-License-Identifier: Apache-2.0

// In place of libprocessgroup: what init calls when it starts or stops a service, which the verifier never does.
#include <processgroup/processgroup.h>
#include <stdlib.h>

bool CgroupsAvailable() { abort(); }
bool CgroupGetControllerFromPath(const std::string&, std::string*) { abort(); }
bool CgroupGetControllerPath(const std::string&, std::string*) { abort(); }
bool SetTaskProfiles(int, const std::vector<std::string>&, bool) { abort(); }
bool SetProcessProfiles(uid_t, pid_t, const std::vector<std::string>&) { abort(); }
bool SetProcessProfiles(uid_t, pid_t, std::initializer_list<std::string_view>) { abort(); }
int killProcessGroup(uid_t, int, int, int*) { abort(); }
int killProcessGroupOnce(uid_t, int, int, int*) { abort(); }
int createProcessGroup(uid_t, int, bool) { abort(); }
void removeAllEmptyProcessGroups() { abort(); }
bool setProcessGroupSwappiness(uid_t, int, int) { abort(); }
bool setProcessGroupSoftLimit(uid_t, int, int64_t) { abort(); }
bool setProcessGroupLimit(uid_t, int, int64_t) { abort(); }
