/* Providers whose host, port and way to log in are known. All of them have STARTTLS on 587, and certificates
   for the name that they give. */
#include "app/admin/route_words.h"

static const struct preset presets[] = {
    {SLICE_INIT("sendgrid"), SLICE_INIT("smtp.sendgrid.net"), 587, PRESET_USER_FIXED, SLICE_INIT("apikey"),
     "the key is an API key that may send mail"},
    {SLICE_INIT("mailgun"), SLICE_INIT("smtp.mailgun.org"), 587, PRESET_USER_GIVEN, SLICE_INIT(""),
     "--user is an SMTP user of the sending domain, like postmaster@mg.example.org; the key is that user's "
     "SMTP password, not the API key"},
    {SLICE_INIT("mailgun-eu"), SLICE_INIT("smtp.eu.mailgun.org"), 587, PRESET_USER_GIVEN, SLICE_INIT(""),
     "--user is an SMTP user of the sending domain, like postmaster@mg.example.org; the key is that user's "
     "SMTP password, not the API key"},
    {SLICE_INIT("postmark"), SLICE_INIT("smtp.postmarkapp.com"), 587, PRESET_USER_KEY, SLICE_INIT(""),
     "the key is the server's API token; or --user is the access key of an SMTP token, and the key its "
     "secret"},
    {SLICE_INIT("postmark-broadcast"), SLICE_INIT("smtp-broadcasts.postmarkapp.com"), 587, PRESET_USER_KEY,
     SLICE_INIT(""),
     "the key is the server's API token; or --user is the access key of an SMTP token, and the key its "
     "secret"},
    {SLICE_INIT("mailjet"), SLICE_INIT("in-v3.mailjet.com"), 587, PRESET_USER_GIVEN, SLICE_INIT(""),
     "--user is the API key; the key is the secret key that belongs to it"},
    {SLICE_INIT("brevo"), SLICE_INIT("smtp-relay.brevo.com"), 587, PRESET_USER_GIVEN, SLICE_INIT(""),
     "--user is the login shown under SMTP; the key is an SMTP key, not an API key"},
    {SLICE_INIT("gmail"), SLICE_INIT("smtp.gmail.com"), 587, PRESET_USER_GIVEN, SLICE_INIT(""),
     "--user is the whole address; the key is an app password, which needs two-step verification"},
    {SLICE_INIT("office365"), SLICE_INIT("smtp.office365.com"), 587, PRESET_USER_GIVEN, SLICE_INIT(""),
     "--user is the whole address; the key is its password, and SMTP AUTH must be enabled for that mailbox"},
};

static const struct preset ses = {
    SLICE_INIT("ses"),
    SLICE_INIT(""),
    587,
    PRESET_USER_GIVEN,
    SLICE_INIT(""),
    "--user is an SMTP user name made in that region, the key its SMTP password; neither is an access key"};

/* "eu-west-1": no more than letters, digits and hyphens go into the host's name. */
static bool is_region(struct slice name) {
    if (name.len == 0 || name.len > 32) return false;
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        if (!(c >= 'a' && c <= 'z') && !ascii_is_digit(c) && c != '-') return false;
    }
    return true;
}

bool route_preset_find(struct arena *arena, struct slice name, struct preset *preset) {
    struct slice region = name;
    for (size_t i = 0; i < sizeof presets / sizeof presets[0]; i++) {
        if (!slice_equal(presets[i].name, name)) continue;
        *preset = presets[i];
        return true;
    }
    if (!slice_take_prefix(&region, SLICE("ses-")) || !is_region(region)) return false;
    *preset = ses;
    preset->host = arena_printf(arena, "email-smtp.%.*s.amazonaws.com", SLICE_PRINT(region));
    return true;
}
