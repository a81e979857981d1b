/* outreach add: who becomes a prospect. Contacts of the book are found by the store; rows of a file are
   imported first (command_contact.h), and then named to it, some hundred at a time. */
#include <stdio.h>

#include "app/admin/outreach_details.h"
#include "app/cli/command_ask.h"
#include "app/command/command_contact.h"
#include "app/command/command_outreach.h"
#include "base/limits_contact.h"

enum { DETAILS_BYTES = 1 << 20 };

/* What came of it, over all questions. */
struct sum {
    json_int_t added;
    json_int_t known;
    json_int_t suppressed;
    json_int_t not_in_book;
    /* The store answered at least once. */
    bool is_asked;
};

static json_int_t number_of(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static void print_sum(const struct cli *cli, const struct sum *sum) {
    if (cli->is_json) {
        json_t *answer = json_pack("{s:s%, s:I, s:I, s:I, s:I}", "campaign", cli->words[1].ptr,
                                   cli->words[1].len, "added", sum->added, "known", sum->known, "suppressed",
                                   sum->suppressed, "not_in_book", sum->not_in_book);
        /* Behind the lines of an import it is one line, too. */
        (void)(json_dumpf(answer, stdout, cli->plan.csv ? JSON_COMPACT : JSON_INDENT(2)), putchar('\n'));
        json_decref(answer);
        return;
    }
    (void)printf("%.*s: %lld added, %lld were in it, %lld must not be written to", SLICE_PRINT(cli->words[1]),
                 (long long)sum->added, (long long)sum->known, (long long)sum->suppressed);
    if (sum->not_in_book) (void)printf(", %lld are not in the address book", (long long)sum->not_in_book);
    (void)putchar('\n');
}

/* 0, or the exit status. */
static int ask(struct cli *cli, const struct admin_request *request, struct sum *sum) {
    json_t *answer = admin_ask(cli->data, request);
    const char *error = json_string_value(json_object_get(answer, "error"));
    int status = 0;
    if (error && sum->added)
        status = cli_fail("%s (%lld were added before)", error, (long long)sum->added);
    else if (error)
        status = cli_fail("%s", error);
    sum->is_asked = sum->is_asked || !error;
    sum->added += number_of(answer, "added");
    sum->known += number_of(answer, "known");
    sum->suppressed += number_of(answer, "suppressed");
    sum->not_in_book += number_of(answer, "not_in_book");
    json_decref(answer);
    return status;
}

static struct admin_request request_of(const struct cli *cli, struct slice by) {
    return (struct admin_request){.words = {SLICE("outreach"), SLICE("add"), cli->words[1], by},
                                  .word_count = 4};
}

static int ask_with(struct cli *cli, struct slice by, const struct addition_details *details,
                    struct sum *sum) {
    struct buffer packed = buffer_new(DETAILS_BYTES);
    struct admin_request request = request_of(cli, by);
    addition_details_pack(&packed, details);
    request.details = buffer_slice(&packed);
    int status = ask(cli, &request, sum);
    buffer_free(&packed);
    return status;
}

/* ---- contacts of the book ---- */

static int add_where(struct cli *cli, struct sum *sum) {
    struct addition_details details = {.address_count = 0};
    for (size_t i = 0; i < cli->campaign.where_count; i++) {
        const char *text = cli->campaign.wheres[i];
        enum contact_selection_fault fault =
            contact_selection_read(slice_from_text(text), &details.selection);
        if (fault) return cli_misuse(cli, "--where '%s': %s", text, contact_selection_fault_text(fault));
    }
    return ask_with(cli, SLICE("where"), &details, sum);
}

static int add_by_word(struct cli *cli, struct sum *sum) {
    struct admin_request request = request_of(cli, SLICE("all"));
    if (!cli->campaign.is_all) {
        request.words[3] = cli->plan.contact ? SLICE("contact") : SLICE("import");
        request.words[4] = slice_from_text(cli->plan.contact ? cli->plan.contact : cli->campaign.import);
        request.word_count = 5;
    }
    return ask(cli, &request, sum);
}

/* ---- a file ---- */

/* Everybody whom the file names, also who was in the book before. */
static int add_collected(struct cli *cli, struct slice addresses, struct sum *sum) {
    struct slice batch[CONTACT_ADDRESSES_MAX];
    struct addition_details details = {.addresses = batch};
    int status = 0;
    while (addresses.len && status == 0) {
        batch[details.address_count++] = slice_take_until(&addresses, '\n');
        (void)slice_take_byte(&addresses, '\n');
        if (details.address_count < CONTACT_ADDRESSES_MAX && addresses.len) continue;
        status = ask_with(cli, SLICE("addresses"), &details, sum);
        details.address_count = 0;
    }
    return status;
}

/* That there is such a campaign is known before anything is imported. */
static int check_campaign(struct cli *cli) {
    struct admin_request request = {.words = {SLICE("outreach"), SLICE("status"), cli->words[1]},
                                    .word_count = 3};
    json_t *answer = admin_ask(cli->data, &request);
    const char *error = json_string_value(json_object_get(answer, "error"));
    int status = error ? cli_fail("%s", error) : 0;
    json_decref(answer);
    return status;
}

/* Rows that were refused are told, and the others added. */
static int add_csv(struct cli *cli, struct sum *sum) {
    struct buffer addresses = buffer_new(CONTACT_COLLECTED_BYTES_MAX);
    bool is_whole = false;
    int status = check_campaign(cli);
    if (status) return status;
    int imported = command_contact_import_collect(cli, cli->plan.csv, &addresses, &is_whole);
    if (is_whole && !cli->is_dry_run) status = add_collected(cli, buffer_slice(&addresses), sum);
    buffer_free(&addresses);
    return status ? status : imported;
}

/* ---- the command ---- */

int command_outreach_add(struct cli *cli) {
    const struct campaign_options *options = &cli->campaign;
    struct sum sum = {0};
    int given = (cli->plan.contact != NULL) + (options->import != NULL) + options->is_all +
                (options->where_count > 0) + (cli->plan.csv != NULL);
    if (given != 1)
        return cli_misuse(cli, "say whom, once: --contact ADDRESS, --import ID (of contact imports), --where "
                               "FIELD=VALUE, --csv FILE, or --all");
    int status = cli->plan.csv          ? add_csv(cli, &sum)
                 : options->where_count ? add_where(cli, &sum)
                                        : add_by_word(cli, &sum);
    if (sum.is_asked) print_sum(cli, &sum);
    return status;
}
