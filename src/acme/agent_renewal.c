/* When the CA would have the certificate renewed (RFC 9773): asked where its directory offers that. Without
   an answer the certificate's own dates decide, and nothing has failed. */
#include "acme/agent_run.h"

static void ask(struct acme_run *run) {
    struct acme_answer answer;
    struct slice url = arena_printf(run->arena, "%.*s/%.*s", SLICE_PRINT(run->directory.renewal_info),
                                    SLICE_PRINT(run->job->certificate));
    if (!acme_run_get(run, url, &answer)) return;
    if (!acme_window_read(answer.body, &run->findings.window))
        (void)acme_run_failed(run, SLICE("its answer cannot be understood"), SLICE_EMPTY);
    else
        run->findings.window_again_ms = (uint64_t)answer.retry_after_ms;
}

void acme_run_find_window(struct acme_run *run) {
    if (run->job->certificate.len == 0) return;
    if (acme_run_open(run) && run->directory.renewal_info.len) ask(run);
    if (run->outcome.words.len) {
        LOG_INFO(run->agent->options.env->log, "acme.window_not_known",
                 LOG_TEXT("reason", run->outcome.words));
        run->findings.window = (struct acme_window){0};
    }
    run->outcome = (struct acme_outcome){0};
}
