/* What an import says: progress on stderr while it works, then a summary in words or as JSON. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/carry/import.h"
#include "app/cli/cli.h"
#include "app/settings/move_words.h"

void import_fault(struct import *import, struct import_folder *folder, struct slice file, uint64_t offset,
                  const char *reason) {
    import->left_out++;
    if (folder) folder->left_out++;
    if (import->fault_count == IMPORT_FAULTS_KEPT) return;
    import->faults[import->fault_count++] = (struct import_fault){
        arena_copy(import->arena, file), offset, arena_copy(import->arena, slice_from_text(reason))};
}

void import_progress(struct import *import, const struct import_folder *folder) {
    if (!move_is_time_to_tell(import->env, &import->told_ms)) return;
    (void)fprintf(stderr, "%" PRIu64 " messages read, now in %.*s\n", import->messages,
                  SLICE_PRINT(folder->source));
}

struct totals {
    uint64_t imported;
    uint64_t known;
    uint64_t bytes;
};

static struct totals add_up(const struct import *import) {
    struct totals totals = {0, 0, 0};
    for (size_t i = 0; i < import->folder_count; i++) {
        totals.imported += import->folders[i].imported;
        totals.known += import->folders[i].known;
        totals.bytes += import->folders[i].bytes;
    }
    return totals;
}

static json_t *folder_json(const struct import_folder *folder) {
    json_t *object = json_object();
    move_set_text(object, "source", folder->source);
    move_set_text(object, "mailbox", folder->target);
    move_set_text(object, "path", slice_from_text(folder->path));
    move_set_text(object, "format", folder->kind == IMPORT_MBOX ? SLICE("mbox") : SLICE("maildir"));
    move_set_number(object, "messages", folder->messages);
    move_set_number(object, "imported", folder->imported);
    move_set_number(object, "known", folder->known);
    move_set_number(object, "left_out", folder->left_out);
    move_set_number(object, "bytes", folder->bytes);
    return object;
}

static void report_json(const struct import *import, struct totals totals) {
    json_t *folders = json_array();
    json_t *faults = json_array();
    for (size_t i = 0; i < import->folder_count; i++)
        (void)json_array_append_new(folders, folder_json(&import->folders[i]));
    for (size_t i = 0; i < import->fault_count; i++) {
        json_t *fault = json_object();
        move_set_text(fault, "file", import->faults[i].file);
        move_set_number(fault, "offset", import->faults[i].offset);
        move_set_text(fault, "reason", import->faults[i].reason);
        (void)json_array_append_new(faults, fault);
    }
    json_t *report = json_object();
    move_set_text(report, "address", import->address);
    (void)json_object_set_new(report, "dry_run", json_boolean(import->is_dry_run));
    move_set_number(report, "messages", import->messages);
    move_set_number(report, "imported", totals.imported);
    move_set_number(report, "known", totals.known);
    move_set_number(report, "left_out", import->left_out);
    move_set_number(report, "bytes", totals.bytes);
    (void)json_object_set_new(report, "folders", folders);
    (void)json_object_set_new(report, "faults", faults);
    if (import->stopped) move_set_text(report, "error", slice_from_text(import->stopped));
    move_print_json(report);
}

static void report_folders(const struct import *import) {
    for (size_t i = 0; i < import->folder_count; i++) {
        const struct import_folder *folder = &import->folders[i];
        (void)printf(
            "%.*s -> %.*s  %" PRIu64 " messages, %" PRIu64 " %s, %" PRIu64 " known, %" PRIu64 " left out\n",
            SLICE_PRINT(folder->source), SLICE_PRINT(folder->target), folder->messages, folder->imported,
            import->is_dry_run ? "would come" : "imported", folder->known, folder->left_out);
    }
}

static void report_words(const struct import *import, struct totals totals) {
    report_folders(import);
    for (size_t i = 0; i < import->fault_count; i++)
        (void)fprintf(stderr, "left out: %.*s at %" PRIu64 ": %.*s\n", SLICE_PRINT(import->faults[i].file),
                      import->faults[i].offset, SLICE_PRINT(import->faults[i].reason));
    if (import->left_out > import->fault_count)
        (void)fprintf(stderr, "left out: %" PRIu64 " more\n", import->left_out - import->fault_count);
    (void)printf("%.*s: %" PRIu64 " messages %s, %" PRIu64 " came before, %" PRIu64 " left out\n",
                 SLICE_PRINT(import->address), totals.imported,
                 import->is_dry_run ? "would come" : "imported", totals.known, import->left_out);
}

int import_report(struct import *import) {
    struct totals totals = add_up(import);
    if (import->stopped && import->account == 0)
        return cli_fail("%.*s: %s", SLICE_PRINT(import->address), import->stopped);
    if (import->is_json)
        report_json(import, totals);
    else
        report_words(import, totals);
    if (import->stopped) return cli_fail("%s", import->stopped);
    if (import->left_out)
        return cli_fail("%" PRIu64 " items were left out; all else is imported", import->left_out);
    return EXIT_DONE;
}
