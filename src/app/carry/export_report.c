/* What an export says: progress on stderr while it works, then a summary in words or as JSON. */
#include <inttypes.h>
#include <stdio.h>

#include "app/carry/export.h"
#include "app/cli/cli.h"
#include "app/settings/move_words.h"

void export_fault(struct export *export, struct export_folder *folder, uint32_t uid, const char *reason) {
    export->left_out++;
    folder->left_out++;
    if (export->fault_count == IMPORT_FAULTS_KEPT) return;
    export->faults[export->fault_count++] =
        (struct export_fault){folder->mailbox.name, uid, arena_copy(export->arena, slice_from_text(reason))};
}

void export_progress(struct export *export, const struct export_folder *folder) {
    if (!move_is_time_to_tell(export->env, &export->told_ms)) return;
    (void)fprintf(stderr, "%" PRIu64 " messages, now in %.*s\n", export->messages,
                  SLICE_PRINT(folder->mailbox.name));
}

static json_t *folder_json(const struct export_folder *folder) {
    json_t *object = json_object();
    move_set_text(object, "mailbox", folder->mailbox.name);
    move_set_text(object, "path", slice_from_text(folder->path));
    move_set_number(object, "messages", folder->mailbox.message_count);
    move_set_number(object, "written", folder->written);
    move_set_number(object, "kept", folder->kept);
    move_set_number(object, "left_out", folder->left_out);
    return object;
}

static void report_json(const struct export *export, uint64_t written, uint64_t kept) {
    json_t *folders = json_array();
    json_t *faults = json_array();
    for (size_t i = 0; i < export->folder_count; i++)
        (void)json_array_append_new(folders, folder_json(&export->folders[i]));
    for (size_t i = 0; i < export->fault_count; i++) {
        json_t *fault = json_object();
        move_set_text(fault, "mailbox", export->faults[i].mailbox);
        move_set_number(fault, "uid", export->faults[i].uid);
        move_set_text(fault, "reason", export->faults[i].reason);
        (void)json_array_append_new(faults, fault);
    }
    json_t *report = json_object();
    move_set_text(report, "address", export->address);
    move_set_text(report, "path", slice_from_text(export->path));
    move_set_number(report, "written", written);
    move_set_number(report, "kept", kept);
    move_set_number(report, "left_out", export->left_out);
    (void)json_object_set_new(report, "folders", folders);
    (void)json_object_set_new(report, "faults", faults);
    if (export->stopped) move_set_text(report, "error", slice_from_text(export->stopped));
    move_print_json(report);
}

static void report_words(const struct export *export, uint64_t written, uint64_t kept) {
    for (size_t i = 0; i < export->folder_count; i++) {
        const struct export_folder *folder = &export->folders[i];
        (void)printf("%.*s  %" PRIu64 " written, %" PRIu64 " were there, %" PRIu64 " left out\n",
                     SLICE_PRINT(folder->mailbox.name), folder->written, folder->kept, folder->left_out);
    }
    for (size_t i = 0; i < export->fault_count; i++)
        (void)fprintf(stderr, "left out: %.*s UID %u: %.*s\n", SLICE_PRINT(export->faults[i].mailbox),
                      (unsigned)export->faults[i].uid, SLICE_PRINT(export->faults[i].reason));
    (void)printf("%.*s: %" PRIu64 " messages written to %s, %" PRIu64 " were there, %" PRIu64 " left out\n",
                 SLICE_PRINT(export->address), written, export->path, kept, export->left_out);
}

int export_report(struct export *export) {
    uint64_t written = 0;
    uint64_t kept = 0;
    if (export->stopped && export->folder_count == 0)
        return cli_fail("%s: %s", export->path, export->stopped);
    for (size_t i = 0; i < export->folder_count; i++) {
        written += export->folders[i].written;
        kept += export->folders[i].kept;
    }
    if (export->is_json)
        report_json(export, written, kept);
    else
        report_words(export, written, kept);
    if (export->stopped) return cli_fail("%s", export->stopped);
    if (export->left_out)
        return cli_fail("%" PRIu64 " items were left out; all else is exported", export->left_out);
    return EXIT_DONE;
}
