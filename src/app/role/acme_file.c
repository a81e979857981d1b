#include "app/role/acme_file.h"

#include <errno.h>
#include <unistd.h>

#include "base/buffer.h"
#include "io/file.h"
#include "io/real/read_file.h"
#include "io/tls.h"

enum { PEM_BYTES_MAX = 128 * 1024 };

static const char *path_of(struct arena *arena, const char *folder, const char *name) {
    return arena_text(arena, arena_printf(arena, "%s/tls/%s", folder, name));
}

bool acme_file_read(struct env *env, struct arena *arena, const char *folder, struct slice *pem) {
    const char *path = path_of(arena, folder, "acme.pem");
    const char *reason = NULL;
    int result = read_file(arena, path, PEM_BYTES_MAX, pem);
    if (result == -ENOENT) return false;
    if (result == 0) {
        struct tls_context *context = tls_context_server(*pem, *pem, &reason);
        tls_context_free(&context);
    } else {
        reason = strerror(-result);
    }
    if (!reason) return true;
    LOG_WARN(env->log, "acme.not_used", LOG_CSTR("file", path), LOG_CSTR("reason", reason),
             LOG_CSTR("effect", "tls.certificate and tls.key are used; a new one is ordered"));
    return false;
}

static int write_both(struct env *env, const char *folder, const char *partial, const char *path,
                      struct slice both) {
    /* What a crash left. */
    (void)unlink(partial);
    int result = write_new_file(partial, both, 0600);
    if (result == 0) result = file_rename(env, partial, path);
    return result == 0 ? settle_names(folder) : result;
}

const char *acme_file_write(struct env *env, struct arena *arena, const char *folder, struct slice chain,
                            struct slice key) {
    struct buffer both = buffer_new(PEM_BYTES_MAX);
    buffer_append(&both, chain);
    buffer_append(&both, key);
    int result = buffer_overflowed(&both)
                     ? -EFBIG
                     : write_both(env, path_of(arena, folder, ""), path_of(arena, folder, "acme.pem.new"),
                                  path_of(arena, folder, "acme.pem"), buffer_slice(&both));
    if (both.len) explicit_bzero(both.ptr, both.len);
    buffer_free(&both);
    return result ? strerror(-result) : NULL;
}
