#include "app/role/handing_over.h"

static void answer_nothing(struct task *t, void *context, struct ipc_request *request) {
    (void)context;
    handle_close(task_env(t), request->message.handle);
    channel_reply(request, SLICE_EMPTY, HANDLE_NONE);
}

const struct channel_handlers handing_over_asker = {answer_nothing, NULL, NULL};
