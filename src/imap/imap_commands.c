#include "imap/imap_commands.h"

/* RFC 9051 7.5.1: no EXPUNGE while FETCH, STORE or SEARCH run, whose numbers it would shift; their
   UID forms may have them (imap_run.c). */
static const struct imap_row rows[] = {
    {IMAP_COMMAND_CAPABILITY, IMAP_NEED_NOTHING, IMAP_SYNC_NONE, imap_run_capability},
    {IMAP_COMMAND_NOOP, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_noop},
    {IMAP_COMMAND_LOGOUT, IMAP_NEED_NOTHING, IMAP_SYNC_NONE, imap_run_logout},
    {IMAP_COMMAND_ID, IMAP_NEED_NOTHING, IMAP_SYNC_NONE, imap_run_id},
    {IMAP_COMMAND_ENABLE, IMAP_NEED_NOTHING, IMAP_SYNC_NONE, imap_run_enable},
    {IMAP_COMMAND_COMPRESS, IMAP_NEED_NOTHING, IMAP_SYNC_NONE, imap_run_compress},
    {IMAP_COMMAND_NAMESPACE, IMAP_NEED_NOTHING, IMAP_SYNC_NONE, imap_run_namespace},
    {IMAP_COMMAND_STARTTLS, IMAP_NEED_NOTHING, IMAP_SYNC_NONE, imap_run_again},
    {IMAP_COMMAND_LOGIN, IMAP_NEED_NOTHING, IMAP_SYNC_NONE, imap_run_again},
    {IMAP_COMMAND_AUTHENTICATE, IMAP_NEED_NOTHING, IMAP_SYNC_NONE, imap_run_again},
    {IMAP_COMMAND_SELECT, IMAP_NEED_NOTHING, IMAP_SYNC_NONE, imap_run_select},
    {IMAP_COMMAND_EXAMINE, IMAP_NEED_NOTHING, IMAP_SYNC_NONE, imap_run_select},
    {IMAP_COMMAND_CREATE, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_create},
    {IMAP_COMMAND_DELETE, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_delete},
    {IMAP_COMMAND_RENAME, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_rename},
    {IMAP_COMMAND_SUBSCRIBE, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_subscribe},
    {IMAP_COMMAND_UNSUBSCRIBE, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_subscribe},
    {IMAP_COMMAND_LIST, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_list},
    {IMAP_COMMAND_LSUB, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_lsub},
    {IMAP_COMMAND_STATUS, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_status},
    {IMAP_COMMAND_APPEND, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_append},
    {IMAP_COMMAND_IDLE, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_idle},
    {IMAP_COMMAND_GETQUOTA, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_getquota},
    {IMAP_COMMAND_GETQUOTAROOT, IMAP_NEED_NOTHING, IMAP_SYNC_ALL, imap_run_getquotaroot},
    {IMAP_COMMAND_CHECK, IMAP_NEED_SELECTED, IMAP_SYNC_ALL, imap_run_noop},
    {IMAP_COMMAND_CLOSE, IMAP_NEED_SELECTED, IMAP_SYNC_NONE, imap_run_close},
    {IMAP_COMMAND_UNSELECT, IMAP_NEED_SELECTED, IMAP_SYNC_NONE, imap_run_unselect},
    {IMAP_COMMAND_EXPUNGE, IMAP_NEED_WRITABLE, IMAP_SYNC_ALL, imap_run_expunge},
    {IMAP_COMMAND_SEARCH, IMAP_NEED_SELECTED, IMAP_SYNC_WITHOUT_EXPUNGE, imap_run_search},
    {IMAP_COMMAND_FETCH, IMAP_NEED_SELECTED, IMAP_SYNC_WITHOUT_EXPUNGE, imap_run_fetch},
    {IMAP_COMMAND_STORE, IMAP_NEED_WRITABLE, IMAP_SYNC_WITHOUT_EXPUNGE, imap_run_store},
    {IMAP_COMMAND_COPY, IMAP_NEED_SELECTED, IMAP_SYNC_ALL, imap_run_copy},
    {IMAP_COMMAND_MOVE, IMAP_NEED_WRITABLE, IMAP_SYNC_ALL, imap_run_copy},
};

const struct imap_row *imap_row_find(enum imap_command_kind kind) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].kind == kind) return &rows[i];
    return NULL;
}
