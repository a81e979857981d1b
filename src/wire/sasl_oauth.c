#include "wire/sasl_oauth.h"

bool sasl_oauth_is_fit(struct slice user, struct slice token) {
    for (size_t i = 0; i < user.len; i++)
        if (user.ptr[i] < 0x20 || user.ptr[i] == 0x7f) return false;
    for (size_t i = 0; i < token.len; i++)
        if (token.ptr[i] <= 0x20 || token.ptr[i] >= 0x7f) return false;
    return user.len && token.len;
}

void sasl_xoauth2_write(struct buffer *out, struct slice user, struct slice token) {
    buffer_append_text(out, "user=");
    buffer_append(out, user);
    buffer_append_text(out, "\001auth=Bearer ");
    buffer_append(out, token);
    buffer_append_text(out, "\001\001");
}

/* RFC 5801 4: in a name these two are written otherwise. */
static void append_name(struct buffer *out, struct slice name) {
    for (size_t i = 0; i < name.len; i++) {
        if (name.ptr[i] == ',')
            buffer_append_text(out, "=2C");
        else if (name.ptr[i] == '=')
            buffer_append_text(out, "=3D");
        else
            buffer_append_byte(out, name.ptr[i]);
    }
}

void sasl_oauthbearer_write(struct buffer *out, struct slice user, struct slice host, unsigned port,
                            struct slice token) {
    buffer_append_text(out, "n,a=");
    append_name(out, user);
    buffer_append_text(out, ",\001host=");
    buffer_append(out, host);
    buffer_append_text(out, "\001port=");
    buffer_append_number(out, port);
    buffer_append_text(out, "\001auth=Bearer ");
    buffer_append(out, token);
    buffer_append_text(out, "\001\001");
}
