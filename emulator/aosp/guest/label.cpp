// SPDX-License-Identifier: Apache-2.0

// Labels files as a file_contexts file says: `label FILE_CONTEXTS PATH...`. What no line fits keeps its label. Stays on the
// file system of each path.
#include <ftw.h>
#include <selinux/label.h>
#include <selinux/selinux.h>
#include <stdio.h>
#include <string.h>

namespace {
selabel_handle* contexts;
bool failed = false;

int label(const char* path, const struct stat* status, int, struct FTW*) {
    char* context = nullptr;
    if (selabel_lookup_raw(contexts, &context, path, status->st_mode) != 0) return 0;
    if (strcmp(context, "<<none>>") != 0 && lsetfilecon_raw(path, context) != 0) {
        fprintf(stderr, "label: %s: %s: %m\n", path, context);
        failed = true;
    }
    freecon(context);
    return 0;
}
}  // namespace

int main(int argc, char** argv) {
    if (argc < 3) return 2;
    const selinux_opt options[] = {{SELABEL_OPT_PATH, argv[1]}};
    contexts = selabel_open(SELABEL_CTX_FILE, options, 1);
    if (contexts == nullptr) {
        fprintf(stderr, "label: %s: %m\n", argv[1]);
        return 1;
    }
    for (int i = 2; i < argc; i++) {
        if (nftw(argv[i], label, 32, FTW_PHYS | FTW_MOUNT) != 0) failed = true;
    }
    return failed ? 1 : 0;
}
