#include "outreach/outside_folders.h"

#include "base/limits_sender.h"

unsigned outside_use_of_name(struct slice name, char separator) {
    static const struct {
        struct slice name;
        unsigned use;
    } known[] = {
        {SLICE_INIT("Sent"), IMAP_FOLDER_SENT},
        {SLICE_INIT("Sent Items"), IMAP_FOLDER_SENT},
        {SLICE_INIT("Sent Mail"), IMAP_FOLDER_SENT},
        {SLICE_INIT("Sent Messages"), IMAP_FOLDER_SENT},
        {SLICE_INIT("Gesendet"), IMAP_FOLDER_SENT},
        {SLICE_INIT("Gesendete Objekte"), IMAP_FOLDER_SENT},
        {SLICE_INIT("Gesendete Elemente"), IMAP_FOLDER_SENT},
        {SLICE_INIT("Enviados"), IMAP_FOLDER_SENT},
        {SLICE_INIT("Elementos enviados"), IMAP_FOLDER_SENT},
        {SLICE_INIT("Envoy&AOk-s"), IMAP_FOLDER_SENT},
        {SLICE_INIT("Wys&AUI-ane"), IMAP_FOLDER_SENT},
        {SLICE_INIT("Junk"), IMAP_FOLDER_JUNK},
        {SLICE_INIT("Spam"), IMAP_FOLDER_JUNK},
        {SLICE_INIT("Bulk Mail"), IMAP_FOLDER_JUNK},
        {SLICE_INIT("Junk E-mail"), IMAP_FOLDER_JUNK},
        {SLICE_INIT("Junk Email"), IMAP_FOLDER_JUNK},
        {SLICE_INIT("Spamverdacht"), IMAP_FOLDER_JUNK},
        {SLICE_INIT("Drafts"), IMAP_FOLDER_DRAFTS},
        {SLICE_INIT("Draft"), IMAP_FOLDER_DRAFTS},
        {SLICE_INIT("Entw&APw-rfe"), IMAP_FOLDER_DRAFTS},
        {SLICE_INIT("Brouillons"), IMAP_FOLDER_DRAFTS},
        {SLICE_INIT("Borradores"), IMAP_FOLDER_DRAFTS},
        {SLICE_INIT("Trash"), IMAP_FOLDER_TRASH},
        {SLICE_INIT("Deleted Items"), IMAP_FOLDER_TRASH},
        {SLICE_INIT("Deleted Messages"), IMAP_FOLDER_TRASH},
        {SLICE_INIT("Papierkorb"), IMAP_FOLDER_TRASH},
    };
    size_t last = separator ? slice_find_last_byte(name, (uint8_t)separator) : SLICE_NOT_FOUND;
    if (last != SLICE_NOT_FOUND) name = slice_skip(name, last + 1);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (slice_equal_nocase(known[i].name, name)) return known[i].use;
    return 0;
}

const struct imap_client_folder *outside_folder_of(const struct outside_folders *folders, unsigned use) {
    for (size_t i = 0; i < folders->count; i++)
        if (folders->items[i].use & use && !(folders->items[i].use & IMAP_FOLDER_NOSELECT))
            return &folders->items[i];
    return NULL;
}

struct imap_client_outcome outside_list(struct task *t, struct outside *outside, struct arena *arena,
                                        struct outside_folders *folders) {
    static const unsigned uses[] = {IMAP_FOLDER_SENT, IMAP_FOLDER_JUNK, IMAP_FOLDER_DRAFTS,
                                    IMAP_FOLDER_TRASH};
    struct imap_client_outcome outcome =
        imap_client_list(t, outside->imap, arena, &folders->items, &folders->count);
    if (outcome.result != IMAP_CLIENT_OK) return outcome;
    /* What is not looked at may be where the answers are: then nothing must leave. */
    if (folders->count > OUTREACH_FOLDERS_MAX)
        return (struct imap_client_outcome){
            .result = IMAP_CLIENT_REFUSED,
            .stage = IMAP_STAGE_LIST,
            .text = SLICE("it has more folders than the 500 that can be watched")};
    for (size_t u = 0; u < sizeof uses / sizeof uses[0]; u++) {
        if (outside_folder_of(folders, uses[u])) continue;
        for (size_t i = 0; i < folders->count; i++)
            folders->items[i].use |=
                outside_use_of_name(folders->items[i].name, folders->items[i].separator) & uses[u];
    }
    return outcome;
}
