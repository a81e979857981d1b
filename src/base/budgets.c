#include "base/budgets.h"

#include "base/limits.h"

const struct budgets budgets_default = {
    .intake_bytes = INTAKE_BUDGET_BYTES,
    .message_memory_bytes = MESSAGE_MEMORY_BYTES_MAX,
    .smtp_transaction_bytes = SMTP_TRANSACTION_BYTES_MAX,
    .imap_work_bytes = IMAP_WORK_BYTES_MAX,
    .imap_batch_bytes = IMAP_BATCH_BYTES_MAX,
    .conn_output_bytes = CONN_OUTPUT_FLUSH_BYTES,
    .conn_turn_bytes = CONN_TURN_BYTES_MAX,
    .ipc_backlog_bytes = IPC_BACKLOG_BYTES_MAX,
    .ipc_unread_bytes = IPC_UNREAD_BYTES_MAX,
    .ipc_requests = IPC_REQUESTS_MAX,
    .ipc_request_bytes = IPC_REQUEST_BYTES_MAX,
    .ipc_request_handles = IPC_REQUEST_HANDLES_MAX,
    .ipc_turn_bytes = IPC_TURN_BYTES_MAX,
    .store_peer_spools = STORE_PEER_SPOOLS_MAX,
    .store_hashes = STORE_HASHES_WAITING_MAX,
    .store_batch_operations = STORE_BATCH_OPERATIONS_MAX,
    .store_batch_bytes = STORE_BATCH_BYTES_MAX,
    .store_log_bytes = STORE_WAL_CHECKPOINT_BYTES,
};
