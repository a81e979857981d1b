#include "wire/setup.h"

#include <openssl/evp.h>

#include "base/encode.h"

/* ---- text in XML ---- */

static void append_escaped(struct buffer *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c < 0x20 || c == 0x7f)
            buffer_append_byte(out, '?');
        else if (strchr("<>&\"'", c))
            buffer_printf(out, "&#%d;", c);
        else
            buffer_append_byte(out, c);
    }
}

static void append_element(struct buffer *out, const char *indent, const char *name, struct slice text) {
    buffer_printf(out, "%s<%s>", indent, name);
    append_escaped(out, text);
    buffer_printf(out, "</%s>\n", name);
}

static void append_text_element(struct buffer *out, const char *indent, const char *name, const char *text) {
    append_element(out, indent, name, slice_from_text(text));
}

static void append_port(struct buffer *out, const char *indent, const char *name,
                        const struct setup_host *host, unsigned port) {
    buffer_printf(out, "%s<%s>%llu</%s>\n", indent, name, (unsigned long long)host->base_port + port, name);
}

bool setup_address_split(struct slice address, struct slice *domain) {
    size_t at = slice_find_byte(address, '@');
    if (at == SLICE_NOT_FOUND || at == 0 || address.len > SMTP_ADDRESS_BYTES_MAX) return false;
    *domain = slice_skip(address, at + 1);
    for (size_t i = 0; i < address.len; i++)
        if (address.ptr[i] <= 0x20 || address.ptr[i] >= 0x7f || strchr("<>&\"'\\,;:()", address.ptr[i]))
            return false;
    return domain->len > 0 && slice_find_byte(*domain, '@') == SLICE_NOT_FOUND;
}

/* ---- autoconfig ---- */

/* The first that a program can do is the one it takes. */
static const struct autoconfig_row {
    const char *element;
    const char *type;
    unsigned port;
    const char *socket;
} autoconfig_rows[] = {
    {"incomingServer", "imap", 993, "SSL"}, {"incomingServer", "imap", 143, "STARTTLS"},
    {"incomingServer", "pop3", 995, "SSL"}, {"incomingServer", "pop3", 110, "STARTTLS"},
    {"outgoingServer", "smtp", 465, "SSL"}, {"outgoingServer", "smtp", 587, "STARTTLS"},
};

static void append_autoconfig_row(struct buffer *out, const struct setup_host *host,
                                  const struct autoconfig_row *row) {
    buffer_printf(out, "    <%s type=\"%s\">\n", row->element, row->type);
    append_element(out, "      ", "hostname", host->hostname);
    append_port(out, "      ", "port", host, row->port);
    append_text_element(out, "      ", "socketType", row->socket);
    append_text_element(out, "      ", "username", "%EMAILADDRESS%");
    append_text_element(out, "      ", "authentication", "password-cleartext");
    buffer_printf(out, "    </%s>\n", row->element);
}

void setup_autoconfig_write(struct buffer *out, const struct setup_host *host, struct slice domain) {
    buffer_append_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<clientConfig version=\"1.1\">\n"
                            "  <emailProvider id=\"");
    append_escaped(out, domain);
    buffer_append_text(out, "\">\n");
    append_element(out, "    ", "domain", domain);
    append_element(out, "    ", "displayName", domain);
    append_element(out, "    ", "displayShortName", domain);
    for (size_t i = 0; i < sizeof autoconfig_rows / sizeof autoconfig_rows[0]; i++)
        append_autoconfig_row(out, host, &autoconfig_rows[i]);
    buffer_append_text(out, "  </emailProvider>\n</clientConfig>\n");
}

/* ---- Autodiscover ---- */

#define OUTLOOK_RESPONSE "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
#define AUTODISCOVER_HEAD                          \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n" \
    "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\">\n"

/* A start tag's local name: "a:EMailAddress x='y'" is EMailAddress. */
static struct slice local_name(struct slice tag) {
    size_t end = 0;
    while (end < tag.len && tag.ptr[end] > 0x20 && tag.ptr[end] != '/') end++;
    tag = slice_sub(tag, 0, end);
    size_t colon = slice_find_byte(tag, ':');
    return colon == SLICE_NOT_FOUND ? tag : slice_skip(tag, colon + 1);
}

struct autodiscover_request {
    struct slice address;
    struct slice schema;
    bool has_type;
};

/* One tag and the text behind it, up to the next. */
static void take_element(struct slice *rest, struct autodiscover_request *request) {
    (void)slice_take_byte(rest, '<');
    struct slice tag = slice_take_until(rest, '>');
    (void)slice_take_byte(rest, '>');
    struct slice text = slice_trim(slice_take_until(rest, '<'));
    request->has_type = request->has_type || slice_starts_nocase(tag, SLICE("!DOCTYPE"));
    if (slice_equal(local_name(tag), SLICE("EMailAddress"))) request->address = text;
    if (slice_equal(local_name(tag), SLICE("AcceptableResponseSchema"))) request->schema = text;
}

bool setup_autodiscover_read(struct slice body, struct slice *address) {
    struct autodiscover_request request = {0};
    if (body.len > SETUP_BODY_BYTES_MAX) return false;
    (void)slice_take_until(&body, '<');
    while (body.len) take_element(&body, &request);
    *address = request.address;
    bool is_ours = request.schema.len == 0 || slice_equal_nocase(request.schema, SLICE(OUTLOOK_RESPONSE));
    struct slice domain;
    return !request.has_type && is_ours && setup_address_split(request.address, &domain);
}

static const struct autodiscover_row {
    const char *type;
    unsigned port;
} autodiscover_rows[] = {{"IMAP", 993}, {"POP3", 995}, {"SMTP", 465}};

static void append_autodiscover_row(struct buffer *out, const struct setup_host *host, struct slice address,
                                    const struct autodiscover_row *row) {
    buffer_append_text(out, "      <Protocol>\n");
    append_text_element(out, "        ", "Type", row->type);
    append_element(out, "        ", "Server", host->hostname);
    append_port(out, "        ", "Port", host, row->port);
    append_text_element(out, "        ", "DomainRequired", "off");
    append_element(out, "        ", "LoginName", address);
    append_text_element(out, "        ", "SPA", "off");
    append_text_element(out, "        ", "SSL", "on");
    append_text_element(out, "        ", "AuthRequired", "on");
    if (strcmp(row->type, "SMTP") == 0) append_text_element(out, "        ", "UsePOPAuth", "on");
    buffer_append_text(out, "      </Protocol>\n");
}

void setup_autodiscover_write(struct buffer *out, const struct setup_host *host, struct slice address) {
    buffer_append_text(out, AUTODISCOVER_HEAD "  <Response xmlns=\"" OUTLOOK_RESPONSE "\">\n    <User>\n");
    append_element(out, "      ", "DisplayName", address);
    buffer_append_text(out, "    </User>\n    <Account>\n");
    append_text_element(out, "      ", "AccountType", "email");
    append_text_element(out, "      ", "Action", "settings");
    for (size_t i = 0; i < sizeof autodiscover_rows / sizeof autodiscover_rows[0]; i++)
        append_autodiscover_row(out, host, address, &autodiscover_rows[i]);
    buffer_append_text(out, "    </Account>\n  </Response>\n</Autodiscover>\n");
}

void setup_autodiscover_fail(struct buffer *out, unsigned code, const char *words) {
    buffer_printf(out,
                  AUTODISCOVER_HEAD "  <Response>\n    <Error Time=\"00:00:00\" Id=\"0\">\n"
                                    "      <ErrorCode>%u</ErrorCode>\n      <Message>%s</Message>\n"
                                    "      <DebugData/>\n    </Error>\n  </Response>\n</Autodiscover>\n",
                  code, words);
}

/* ---- profiles of Apple's systems ---- */

static void append_string(struct buffer *out, const char *indent, const char *key, struct slice text) {
    append_text_element(out, indent, "key", key);
    append_element(out, indent, "string", text);
}

static void append_number(struct buffer *out, const char *indent, const char *key, uint64_t number) {
    append_text_element(out, indent, "key", key);
    buffer_printf(out, "%s<integer>%llu</integer>\n", indent, (unsigned long long)number);
}

static void append_true(struct buffer *out, const char *indent, const char *key) {
    append_text_element(out, indent, "key", key);
    buffer_printf(out, "%s<true/>\n", indent);
}

/* RFC 9562 5.8: of our own making, out of a digest. */
static void append_uuid(struct buffer *out, const char *indent, const char *what, struct slice address) {
    struct buffer text = buffer_new(SMTP_ADDRESS_BYTES_MAX + 64);
    uint8_t digest[32];
    struct buffer uuid = buffer_new(40);
    buffer_printf(&text, "%s %.*s", what, SLICE_PRINT(address));
    if (EVP_Q_digest(NULL, "SHA256", NULL, text.ptr, text.len, digest, NULL) != 1)
        FATAL("OpenSSL has no SHA-256");
    digest[6] = (uint8_t)(0x80 | (digest[6] & 0x0f));
    digest[8] = (uint8_t)(0x80 | (digest[8] & 0x3f));
    static const size_t parts[] = {4, 2, 2, 2, 6};
    struct slice rest = slice_of(digest, sizeof digest);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (i) buffer_append_byte(&uuid, '-');
        hex_encode(&uuid, slice_take(&rest, parts[i]));
    }
    append_string(out, indent, "PayloadUUID", buffer_slice(&uuid));
    buffer_free(&uuid);
    buffer_free(&text);
}

static void append_server_key(struct buffer *out, const char *direction, const char *member) {
    buffer_printf(out, "      <key>%sMailServer%s</key>\n", direction, member);
}

/* The same members for both ends of the way. */
static void append_server(struct buffer *out, const char *direction, const struct setup_host *host,
                          unsigned port, struct slice address) {
    static const char *const members[] = {"HostName", "Username", "Authentication"};
    const struct slice values[] = {host->hostname, address, SLICE("EmailAuthPassword")};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        append_server_key(out, direction, members[i]);
        append_element(out, "      ", "string", values[i]);
    }
    append_server_key(out, direction, "PortNumber");
    append_port(out, "      ", "integer", host, port);
    append_server_key(out, direction, "UseSSL");
    buffer_append_text(out, "      <true/>\n");
}

static void append_payload_head(struct buffer *out, const char *indent, const char *type,
                                const char *identifier, struct slice address) {
    append_string(out, indent, "PayloadType", slice_from_text(type));
    append_number(out, indent, "PayloadVersion", 1);
    append_text_element(out, indent, "key", "PayloadIdentifier");
    buffer_printf(out, "%s<string>%s.", indent, identifier);
    append_escaped(out, address);
    buffer_append_text(out, "</string>\n");
    append_uuid(out, indent, identifier, address);
    append_string(out, indent, "PayloadDisplayName", address);
}

void setup_mobileconfig_write(struct buffer *out, const struct setup_host *host, struct slice address) {
    buffer_append_text(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                            "<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" "
                            "\"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n"
                            "<plist version=\"1.0\">\n<dict>\n");
    append_payload_head(out, "  ", "Configuration", "posthaste.profile", address);
    buffer_append_text(out, "  <key>PayloadContent</key>\n  <array>\n    <dict>\n");
    append_payload_head(out, "      ", "com.apple.mail.managed", "posthaste.mail", address);
    append_string(out, "      ", "EmailAccountType", SLICE("EmailTypeIMAP"));
    append_string(out, "      ", "EmailAccountDescription", address);
    append_string(out, "      ", "EmailAddress", address);
    append_server(out, "Incoming", host, 993, address);
    append_server(out, "Outgoing", host, 465, address);
    append_true(out, "      ", "OutgoingPasswordSameAsIncomingPassword");
    buffer_append_text(out, "    </dict>\n  </array>\n</dict>\n</plist>\n");
}
