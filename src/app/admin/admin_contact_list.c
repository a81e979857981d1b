/* contact list: a page of the book, of those that fit (app/admin/admin.h). */
#include "app/admin/admin_verbs.h"
#include "app/admin/contact_json.h"
#include "base/limits_contact.h"
#include "store/contact.h"
#include "store/contact_select.h"
#include "store/schema.h"

enum { PAGE_BYTES = 64 << 20 };

static struct slice word(const struct admin *admin, size_t at) {
    return at < admin->request->word_count ? admin->request->words[at] : SLICE_EMPTY;
}

/* Words 2 to 4: domain, import, one condition; each may be empty. NULL: *selection says it. */
static json_t *read_selection(struct admin *admin, struct contact_selection *selection) {
    static const char *const names[] = {"domain", "import", NULL};
    *selection = (struct contact_selection){.match_count = 0};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct slice text = word(admin, 2 + i);
        enum contact_selection_fault fault = CONTACT_SELECTION_OK;
        if (text.len && names[i])
            fault = contact_selection_add(slice_from_text(names[i]), text, false, selection);
        else if (text.len)
            fault = contact_selection_read(text, selection);
        if (fault)
            return admin_error(arena_printf(admin->arena, "'%.*s': %s", SLICE_PRINT(text),
                                            contact_selection_fault_text(fault)));
    }
    return NULL;
}

/* One listing at work. */
struct listing {
    struct admin *admin;
    struct arena *page;
    struct contact_selection selection;
    struct contact_query query;
    json_t *list;
    struct buffer after;
    size_t looked;
    bool is_end;
};

static void take_page(struct listing *listing, const struct contact *contacts, size_t count) {
    listing->is_end = count == 0;
    for (size_t i = 0; i < count && json_array_size(listing->list) < CONTACT_LIST_MAX; i++) {
        listing->looked++;
        buffer_clear(&listing->after);
        buffer_append(&listing->after, contacts[i].address);
        if (contact_is_selected(&contacts[i], &listing->selection))
            json_array_append_new(listing->list, contact_json(&contacts[i]));
    }
}

/* As many as fit into an answer, or as were looked at long enough; others are served between pages. */
static enum store_result walk(struct listing *listing) {
    enum store_result result = STORE_OK;
    while (result == STORE_OK && !listing->is_end && json_array_size(listing->list) < CONTACT_LIST_MAX &&
           listing->looked < CONTACT_LIST_LOOKED_MAX) {
        struct contact *contacts = NULL;
        size_t count = 0;
        arena_reset(listing->page);
        listing->query.after = arena_copy(listing->page, buffer_slice(&listing->after));
        result =
            engine_contact_page(listing->admin->engine, listing->page, &listing->query, &contacts, &count);
        if (result == STORE_OK) take_page(listing, contacts, count);
        if (task_yield(listing->admin->t) != WAIT_OK) return STORE_GONE;
    }
    return result;
}

json_t *admin_contact_list(struct admin *admin) {
    struct listing listing = {.admin = admin, .after = buffer_new(STORE_ADDRESS_BYTES_MAX)};
    json_t *wrong = read_selection(admin, &listing.selection);
    if (wrong) return wrong;
    buffer_append(&listing.after, word(admin, 5));
    listing.list = json_array();
    listing.page = arena_new(PAGE_BYTES);
    listing.query = (struct contact_query){.tenant = TENANT_DEFAULT,
                                           .domain = listing.selection.domain,
                                           .import = listing.selection.import,
                                           .max = CONTACT_PAGE_ROWS};
    enum store_result result = walk(&listing);
    arena_free(&listing.page);
    json_t *answer = NULL;
    if (result == STORE_OK)
        answer = json_pack("{s:O, s:b, s:o}", "contacts", listing.list, "more", !listing.is_end, "after",
                           listing.is_end ? json_null() : admin_text(buffer_slice(&listing.after)));
    else
        answer = admin_failure(admin, result, SLICE("the list"), "", "");
    json_decref(listing.list);
    buffer_free(&listing.after);
    return answer;
}
