// SPDX-License-Identifier: Apache-2.0

// A client of the service in C++, over libbinder_ndk and the code of AOSP's AIDL compiler: `client find` looks the service
// up, `client call` asks it who it is, `client refused` makes a call that the service refuses, `client add` registers an
// object of its own under that name, `client dump` reads its state as dumpsys does. Another service's name may follow. Prints what it found; the status is 0, 3 if there
// is no service for this caller, 4 if a call failed.
#include <aidl/android/security/passkeybackup/ErrorCode.h>
#include <aidl/android/security/passkeybackup/IPasskeyBackup.h>
#include <android/binder_manager.h>
#include <android/binder_process.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

using aidl::android::security::passkeybackup::ErrorCode;
using aidl::android::security::passkeybackup::IPasskeyBackup;
using aidl::android::security::passkeybackup::ServiceInfo;
using aidl::android::security::passkeybackup::VaultInfo;

namespace {
// Registers an object that does nothing.
int add(const char* name) {
    const AIBinder_Class* none = AIBinder_Class_define(
        "none", [](void* data) { return data; }, [](void*) {},
        [](AIBinder*, transaction_code_t, const AParcel*, AParcel*) -> binder_status_t { return STATUS_UNKNOWN_TRANSACTION; });
    ndk::SpAIBinder object(AIBinder_new(none, nullptr));
    const binder_exception_t status = AServiceManager_addService(object.get(), name);
    printf("%s: %s %d\n", name, status == EX_NONE ? "added" : "not added", status);
    return status == EX_NONE ? 0 : 4;
}

// Prints what the object says of itself. It comes through a pipe, as dumpsys' does.
int dump(AIBinder* binder) {
    int ends[2];
    if (pipe(ends) != 0) return 4;
    const binder_status_t status = AIBinder_dump(binder, ends[1], nullptr, 0);
    close(ends[1]);
    char text[4096];
    const ssize_t length = read(ends[0], text, sizeof(text));
    printf("dump %d: %.*s\n", status, static_cast<int>(length > 0 ? length : 0), text);
    return status == STATUS_OK ? 0 : 4;
}
}  // namespace

int main(int argc, char** argv) {
    const char* what = argc > 1 ? argv[1] : "call";
    const char* name = argc > 2 ? argv[2] : "android.security.passkeybackup";
    ABinderProcess_startThreadPool();
    if (strcmp(what, "add") == 0) return add(name);
    ndk::SpAIBinder binder(AServiceManager_checkService(name));
    if (binder.get() == nullptr) {
        printf("%s: not found\n", name);
        return 3;
    }
    printf("%s: found\n", name);
    if (strcmp(what, "find") == 0) return 0;
    if (strcmp(what, "dump") == 0) return dump(binder.get());

    std::shared_ptr<IPasskeyBackup> service = IPasskeyBackup::fromBinder(binder);
    if (service == nullptr) {
        printf("%s: no call\n", name);
        return 4;
    }
    if (strcmp(what, "refused") == 0) {
        // 16 bytes that are no vault's id.
        VaultInfo vault;
        ndk::ScopedAStatus status = service->getVault(std::vector<uint8_t>(16, 0xa5), &vault);
        printf("getVault: %d %s\n", status.getServiceSpecificError(), status.getMessage());
        return status.getServiceSpecificError() == static_cast<int32_t>(ErrorCode::NOT_FOUND) ? 0 : 4;
    }
    int32_t version = 0;
    std::string hash;
    ServiceInfo info;
    ndk::ScopedAStatus status = service->getInterfaceVersion(&version);
    if (status.isOk()) status = service->getInterfaceHash(&hash);
    if (status.isOk()) status = service->getInfo(&info);
    if (!status.isOk()) {
        printf("call: %s\n", status.getDescription().c_str());
        return 4;
    }
    printf("interface %d %s\n", version, hash.c_str());
    printf("service %s api %d sealer %s\n", info.version.c_str(), info.apiVersion,
           info.sealer ? info.sealer->revision.c_str() : "none");
    return 0;
}
