#include "linear.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    BYTES_MIN = 4096,
    /* Twice that, and what a parser makes of it, stays within a processor's own cache: past it the memory's
       cost is measured, not the parser's. */
    BYTES_MAX = 1 << 18,
    ENOUGH_NS = 5 * 1000 * 1000,
    /* A run shorter than this tells of the clock, not of the parser: a limit has cut it off. */
    TOLD_NS_MIN = 100 * 1000,
    REPEATS = 5,
    /* Ways to begin that are tried: where there are more, the first byte chooses nothing. */
    BEGINNINGS_MAX = 4,
    ATTEMPTS = 6,
};
static const double ratio_max = 2.5;

struct shape {
    const char *name;
    const char *head;
    const char *piece;
};

static const struct shape shapes[] = {
    {"parentheses", "", "("},
    {"pairs of parentheses", "", "()"},
    {"comments", "From: ", "((x)"},
    {"open comments in a date", "Thu, 1 Jan 2026 ", "("},
    {"quoted strings", "To: ", "\"a\\\"b\" "},
    {"one open quoted string", "To: \"", "\\\""},
    {"addresses", "To: ", "\"x\" <a@b.example>, "},
    {"groups", "To: ", "g:a@b;, "},
    {"addresses in a trace", "Received: from ", "[10.0.0.1]\r\n "},
    {"angles", "To: ", "<@a,@b:"},
    {"commas", "To: ", ","},
    {"header fields", "", "A: b\r\n"},
    {"folded lines", "Subject: x", "\r\n y"},
    {"empty lines", "", "\r\n"},
    {"lines without CR", "", "a\n"},
    {"CRs", "", "\r"},
    {"encoded words", "Subject: ", "=?utf-8?q?=C3=BC?= "},
    {"broken encoded words", "Subject: ", "=?utf-8?q?"},
    {"base64 words", "Subject: ", "=?utf-8?b?w7w=?= "},
    {"policy lines", "version: STSv1\nmode: none\nmax_age: 1\n", "x: y\n"},
    {"record fields", "v=STSv1; id=1", "; a=b"},
    {"references", "References: ", "<a@b> "},
    {"open ids", "References: ", "<"},
    {"parameters", "Content-Type: text/plain", "; a=b"},
    {"numbered parameters", "Content-Type: text/plain", "; a*0*=utf-8''%41"},
    {"nested multiparts", "", "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"},
    {"nested messages", "", "Content-Type: message/rfc822\r\n\r\n"},
    {"parts", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--b\r\n\r\n"},
    {"near boundaries", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "--c\r\n"},
    {"dashes", "Content-Type: multipart/mixed; boundary=b\r\n\r\n", "-"},
    {"tags", "Content-Type: text/html\r\n\r\n", "<b>x"},
    {"open tags", "Content-Type: text/html\r\n\r\n", "<"},
    {"html comments", "Content-Type: text/html\r\n\r\n", "<!--"},
    {"entities", "Content-Type: text/html\r\n\r\n", "&amp;&"},
    {"quoted-printable", "Content-Transfer-Encoding: quoted-printable\r\n\r\n", "=3D =\r\n"},
    {"spaces", "Content-Transfer-Encoding: quoted-printable\r\n\r\n", " "},
    {"dots", "", "\r\n..\r\n."},
    {"sequences", "a FETCH ", "1:2,*:5,"},
    {"falling ranges", "", "9:1,"},
    {"flags", "a STORE 1 FLAGS (", "\\Seen x "},
    {"literals", "a LOGIN ", "{1+}\r\nx "},
    {"search keys", "a SEARCH ", "NOT "},
    {"nested keys", "a SEARCH ", "(OR "},
    {"fetch items", "a FETCH 1 (", "BODY[HEADER.FIELDS (A B)] "},
    {"patterns", "a LIST \"\" (", "*% "},
    {"modified UTF-7", "", "&AOQ-"},
    {"shifts", "", "&-&"},
    {"scram attributes", "n,,", "a=b,"},
    {"commands", "", "NOOP\r\n"},
    {"reply lines", "", "250-x\r\n"},
    {"SMTP parameters", "MAIL FROM:<a@b> ", "X=+41 "},
    {"labels", "MAIL FROM:<a@", "a."},
    {"record tags", "v=DMARC1", "; p=none"},
    {"record addresses", "v=DMARC1; rua=mailto:a@b", ", mailto:a@b"},
    {"results", "mx.example.test", "; a=b c.d=e"},
    {"results of strangers", "", "Authentication-Results: a; b=c\r\n"},
    {"elements", "<feedback>", "<a>b</a>"},
    {"open elements", "<feedback>", "<a>"},
    {"one open element", "<feedback><a", " b"},
    {"one open comment of XML", "<feedback><!--", "> -"},
    {"entities of XML", "<feedback>", "&amp;"},
    {"records of reports", "<feedback>", "<record><row><count>1</count></row></record>"},
    {"JSON", "{\"policies\":[", "{\"a\":\"b\"},"},
    {"8-bit bytes", "", "\xc3\xbc\xe2\x82"},
    {"one letter", "", "a"},
    {"tags", "", "a=b; "},
    {"tags and folds", "DKIM-Signature: v=1", ";\r\n\ta=bc"},
    {"names between colons", "v=1; h=From", ":To"},
    {"runs of blanks", "\r\n", "a  \t"},
    {"signatures", "", "DKIM-Signature: v=1; d=a; s=s; h=from; b=A\r\n"},
    {"seals", "", "ARC-Seal: i=1; cv=none; d=a; s=s; b=A\r\n"},
    {"compression pointers", "", "\xc0\x0c"},
    {"SPF terms", "v=spf1", " a"},
    {"SPF macros", "v=spf1 exists:", "%{l1r-}."},
    {"SPF delimiters", "v=spf1 exists:", "%{l.-+,/_=}"},
    {"one open SPF macro", "v=spf1 a:%{l", "-"},
    {"SPF spaces", "v=spf1", " "},
    {"macros", "", "%{s}"},
    {"recipients of a report", "Reporting-MTA: dns; a\r\n\r\n",
     "Final-Recipient: rfc822; a@b\r\nAction: failed\r\n\r\n"},
    {"addresses of a bounce", "From: mailer-daemon@a\r\n\r\nundeliverable\r\n", "<a@b>:\r\n<c@d>:\r\n"},
    {"at signs", "From: mailer-daemon@a\r\n\r\n", "@"},
    {"attributions", "From: a@b\r\n\r\n", "On 1 a@b\r\n"},
    {"dates", "From: a@b\r\nDate: 1 Jan 2026 00:00\r\nX-Autoreply: 1\r\n\r\n", "until 1.1. "},
    {"quotes in quotes", "From: a@b\r\nContent-Type: text/html\r\n\r\n", "<blockquote>"},
    {"fields in a text", "From: mailer-daemon@a\r\n\r\nReceived: a\r\n", "A: b\r\n"},
    {"rows", "", "a,\"b\"\n"},
    {"fields", "", "a;"},
    {"doubled quotes", ",\"", "\"\""},
    {"one open quote of many lines", ",\"", "a\n"},
    {"snippets", "", "{{a|b}}"},
    {"open snippets", "", "{{a"},
    {"keys of YAML", "", "a: b\n"},
    {"a block of YAML", "name: n\nsteps:\n- subject: s\n  body: |\n", "    x y\n"},
    {"nested lists of YAML", "", "- "},
    {"tag lines of YAML", "", "%TAG !a! b\n"},
    {"a text of JSON", "{\"name\":\"n\",\"steps\":[{\"subject\":\"s\",\"body\":\"", "\\u00fc"},
};

static double cpu_ns(void) {
    struct timespec now;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now)) abort();
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* An input of this shape; its last piece may be cut. */
static uint8_t *make(const struct shape *shape, int first_byte, size_t bytes) {
    uint8_t *input = malloc(bytes);
    if (!input) abort();
    size_t head = strlen(shape->head);
    size_t piece = strlen(shape->piece);
    size_t at = 0;
    if (first_byte >= 0) input[at++] = (uint8_t)first_byte;
    for (size_t i = 0; i < head && at < bytes; i++) input[at++] = (uint8_t)shape->head[i];
    for (size_t i = 0; at < bytes; i++) input[at++] = (uint8_t)shape->piece[i % piece];
    return input;
}

static double cost_ns(const struct shape *shape, int first_byte, size_t bytes, int repeats) {
    uint8_t *input = make(shape, first_byte, bytes);
    double least = 0;
    for (int i = 0; i < repeats; i++) {
        double started = cpu_ns();
        (void)LLVMFuzzerTestOneInput(input, bytes);
        double cost = cpu_ns() - started;
        if (i == 0 || cost < least) least = cost;
    }
    free(input);
    return least;
}

static bool is_linear(const struct shape *shape, int first_byte) {
    size_t bytes = BYTES_MIN;
    while (bytes < BYTES_MAX && cost_ns(shape, first_byte, bytes, 1) < ENOUGH_NS) bytes *= 2;
    double ratio = 0;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        double once = cost_ns(shape, first_byte, bytes, REPEATS);
        double twice = cost_ns(shape, first_byte, 2 * bytes, REPEATS);
        if (twice < TOLD_NS_MIN) return true;
        ratio = twice / once;
        if (ratio < ratio_max) return true;
    }
    (void)printf("NOT LINEAR: %s behind byte %d: %zu bytes cost %.1f times as much as %zu\n", shape->name,
                 first_byte, 2 * bytes, ratio, bytes);
    return false;
}

static size_t count_of(const bool first_bytes[256]) {
    size_t count = 0;
    for (int i = 0; i < 256; i++) count += first_bytes[i];
    return count;
}

/* Memory once had from the system is kept: else large inputs pay for new pages at each run, small ones not.
 */
static void keep_memory(void) {
    if (!mallopt(M_MMAP_THRESHOLD, INT32_MAX) || !mallopt(M_TRIM_THRESHOLD, INT32_MAX)) abort();
}

bool linear_check(const bool first_bytes[256]) {
    bool is_good = true;
    keep_memory();
    bool has_beginnings = count_of(first_bytes) <= BEGINNINGS_MAX;
    size_t checked = 0;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        for (int first = -1; first < 256; first++)
            if (first < 0 || (has_beginnings && first_bytes[first])) {
                is_good &= is_linear(&shapes[i], first);
                checked++;
            }
    (void)printf("%zu shapes of input checked: twice the bytes, less than %.1f times the cost\n", checked,
                 ratio_max);
    return is_good;
}
