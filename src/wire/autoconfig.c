#include "wire/autoconfig.h"

#include <expat.h>

enum { DEPTH_MAX = 20, TEXT_BYTES_MAX = 256 };

/* A document being read. */
struct reading {
    XML_Parser parser;
    struct arena *arena;
    struct autoconfig *config;
    unsigned depth;
    bool has_root;
    bool is_bad;
    /* The server at hand; is_imap where it is one that mail is read from. */
    bool is_in_server;
    bool is_imap;
    bool has_tls;
    struct autoconfig_server server;
    /* The text of the element at hand. */
    char text[TEXT_BYTES_MAX];
    size_t text_len;
};

static void stop(struct reading *reading) {
    reading->is_bad = true;
    (void)XML_StopParser(reading->parser, XML_FALSE);
}

static bool is(const char *name, const char *wanted) { return strcmp(name, wanted) == 0; }

static const char *attribute(const char **attributes, const char *name) {
    for (size_t i = 0; attributes[i]; i += 2)
        if (is(attributes[i], name)) return attributes[i + 1];
    return "";
}

static void XMLCALL begin_element(void *context, const char *name, const char **attributes) {
    struct reading *reading = context;
    if (reading->depth == 0) reading->has_root = is(name, "clientConfig");
    if (++reading->depth > DEPTH_MAX || !reading->has_root) {
        stop(reading);
        return;
    }
    reading->text_len = 0;
    bool is_incoming = is(name, "incomingServer");
    if (!is_incoming && !is(name, "outgoingServer")) return;
    const char *type = attribute(attributes, "type");
    reading->is_in_server = is_incoming ? is(type, "imap") : is(type, "smtp");
    reading->is_imap = is_incoming;
    reading->has_tls = false;
    reading->server = (struct autoconfig_server){0};
}

static void add_server(struct reading *reading) {
    struct autoconfig *config = reading->config;
    size_t *count = reading->is_imap ? &config->imap_count : &config->smtp_count;
    struct autoconfig_server *servers = reading->is_imap ? config->imap : config->smtp;
    bool good = reading->is_in_server && reading->has_tls && reading->server.host.len && reading->server.port;
    if (good && *count < AUTOCONFIG_SERVERS_MAX) servers[(*count)++] = reading->server;
    reading->is_in_server = false;
}

static struct slice host_of(struct reading *reading, struct slice text) {
    for (size_t i = 0; i < text.len; i++)
        if (!ascii_is_alnum(text.ptr[i]) && slice_find_byte(SLICE("-._"), text.ptr[i]) == SLICE_NOT_FOUND)
            return SLICE_EMPTY;
    return arena_copy(reading->arena, text);
}

static void XMLCALL end_element(void *context, const char *name) {
    struct reading *reading = context;
    struct slice text = slice_trim(slice_of(reading->text, reading->text_len));
    struct autoconfig_server *server = &reading->server;
    uint64_t port;
    reading->depth--;
    reading->text_len = 0;
    if (!reading->is_in_server) return;
    if (is(name, "hostname") && server->host.len == 0) server->host = host_of(reading, text);
    if (is(name, "port") && slice_to_number(text, UINT16_MAX, &port)) server->port = (uint16_t)port;
    if (is(name, "username") && server->user.len == 0) server->user = arena_copy(reading->arena, text);
    if (is(name, "socketType")) {
        server->is_implicit = slice_equal_nocase(text, SLICE("SSL"));
        reading->has_tls = server->is_implicit || slice_equal_nocase(text, SLICE("STARTTLS"));
    }
    if (is(name, "incomingServer") || is(name, "outgoingServer")) add_server(reading);
}

static void XMLCALL take_text(void *context, const char *text, int len) {
    struct reading *reading = context;
    size_t room = sizeof reading->text - reading->text_len;
    size_t taken = (size_t)len < room ? (size_t)len : room;
    memcpy(reading->text + reading->text_len, text, taken);
    reading->text_len += taken;
}

/* No entity of its own, and so none that grows. */
static void XMLCALL begin_doctype(void *context, const char *name, const char *system, const char *public,
                                  int has_subset) {
    (void)name;
    (void)system;
    (void)public;
    (void)has_subset;
    stop(context);
}

bool autoconfig_read(struct slice document, struct arena *arena, struct autoconfig *config) {
    struct reading reading = {.arena = arena, .config = config};
    *config = (struct autoconfig){0};
    if (document.len == 0 || document.len > AUTOCONFIG_BYTES_MAX) return false;
    reading.parser = XML_ParserCreate(NULL);
    if (!reading.parser) FATAL("out of memory for a document");
    XML_SetUserData(reading.parser, &reading);
    XML_SetElementHandler(reading.parser, begin_element, end_element);
    XML_SetCharacterDataHandler(reading.parser, take_text);
    XML_SetStartDoctypeDeclHandler(reading.parser, begin_doctype);
    enum XML_Status status =
        XML_Parse(reading.parser, (const char *)document.ptr, (int)document.len, XML_TRUE);
    XML_ParserFree(reading.parser);
    return status == XML_STATUS_OK && !reading.is_bad && reading.has_root;
}

struct slice autoconfig_user(struct arena *arena, struct slice pattern, struct slice address) {
    size_t at = slice_find_last_byte(address, '@');
    if (slice_equal(pattern, SLICE("%EMAILLOCALPART%")) && at != SLICE_NOT_FOUND)
        return arena_copy(arena, slice_sub(address, 0, at));
    return address;
}
