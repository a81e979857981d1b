/* What went wrong, and what to do: for `posthaste certificate` and the log. */
#include "acme/agent_run.h"

static bool set_failure(struct acme_run *run, enum acme_result result, struct slice words,
                        struct slice advice) {
    run->outcome.result = result;
    run->outcome.words = arena_copy(run->arena, slice_sub(words, 0, 2 * (size_t)ACME_WORDS_BYTES_MAX));
    run->outcome.advice = advice;
    return false;
}

bool acme_run_failed(struct acme_run *run, struct slice words, struct slice advice) {
    return set_failure(run, ACME_FAILED, words, advice);
}

/* RFC 8555 6.7, RFC 8737 3: what the owner can do about it. */
static const struct {
    const char *type;
    const char *advice;
} advices[] = {
    {"connection",
     "the CA could not connect: port 80 (http-01) or 443 (tls-alpn-01) of this host must be open "
     "to the world, and DNS must lead to this host and nowhere else, in A and in AAAA"},
    {"dns",
     "the CA found no address for the name, or DNS did not answer: publish its A and AAAA records, and "
     "see that its name servers answer"},
    {"unauthorized",
     "another web server answers at that name: let DNS lead to this host, or have what stands "
     "before it pass /.well-known/acme-challenge/ on"},
    {"incorrectResponse", "another web server answers at that name: let DNS lead to this host, or have what "
                          "stands before it pass /.well-known/acme-challenge/ on"},
    {"tls", "another server answers TLS at that name: let DNS lead to this host, or use acme.challenge = "
            "http-01"},
    {"caa", "the CAA record of the domain names other CAs: add this one there"},
    {"rateLimited", "too many were asked for: it is tried again when the CA allows it, and the certificate "
                    "that is there stays"},
    {"rejectedIdentifier", "the CA gives no certificates for that name: leave it out of acme.names"},
    {"externalAccountRequired",
     "this CA wants an account made elsewhere first, which is not supported: choose "
     "another acme.directory"},
    {"userActionRequired", "the CA wants something of its account's owner: what it says tells where"},
    {"invalidContact", "set acme.email to an address that takes mail"},
    {"unsupportedContact", "set acme.email to an address that takes mail"},
    {"badSignatureAlgorithm", "this CA takes no P-256 keys: choose another acme.directory"},
};

static struct slice advice_of(struct slice type) {
    for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
        if (slice_equal(type, slice_from_text(advices[i].type))) return slice_from_text(advices[i].advice);
    return SLICE_EMPTY;
}

bool acme_run_refused(struct acme_run *run, const struct acme_problem *problem, struct slice name,
                      int64_t retry_after_ms) {
    struct slice words =
        name.len ? arena_printf(run->arena, "the CA could not check %.*s: %.*s (%.*s)", SLICE_PRINT(name),
                                SLICE_PRINT(problem->detail), SLICE_PRINT(problem->type))
                 : arena_printf(run->arena, "the CA refuses: %.*s (%.*s)", SLICE_PRINT(problem->detail),
                                SLICE_PRINT(problem->type));
    run->outcome.name = name;
    run->outcome.retry_after_ms = (uint64_t)retry_after_ms;
    return set_failure(run, name.len ? ACME_NAME_FAILED : ACME_FAILED, words, advice_of(problem->type));
}
