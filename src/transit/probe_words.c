/* What failed in a test of a route, and what can be done about it. */
#include <stdio.h>

#include "transit/explain.h"
#include "transit/probe.h"

/* ---- before anything is said ---- */

struct probe_failure probe_explain_lookup(struct arena *arena, struct slice name, enum dns_result result) {
    switch (result) {
    case DNS_NO_SUCH_NAME:
        return (struct probe_failure){
            arena_printf(arena, "there is no host named %.*s", SLICE_PRINT(name)),
            SLICE("Check how the host's name is spelt; give the route the right one.")};
    case DNS_OK:
    case DNS_NO_DATA:
        return (struct probe_failure){
            arena_printf(arena, "%.*s has no address", SLICE_PRINT(name)),
            SLICE("It is a name, but not that of a host: providers name one for SMTP in their manuals.")};
    case DNS_BOGUS:
        return (struct probe_failure){
            arena_printf(arena, "what DNS says of %.*s is forged or broken (DNSSEC)", SLICE_PRINT(name)),
            SLICE("Nothing here can mend that: whoever runs that domain must.")};
    default:
        return (struct probe_failure){
            arena_printf(arena, "DNS gives no answer for %.*s (%s)", SLICE_PRINT(name),
                         dns_result_name(result)),
            SLICE("Try again; if it stays so, check dns.servers, and that this machine reaches them.")};
    }
}

struct probe_failure probe_explain_connect(struct arena *arena, const char *address, uint16_t port,
                                           int error) {
    switch (error) {
    case -ECONNREFUSED:
        return (struct probe_failure){
            arena_printf(arena, "%s refuses connections to port %u", address, port),
            SLICE("Nothing listens there: check the port. Most take mail on 587 (with STARTTLS) or 465 (with "
                  "--tls implicit).")};
    case -ETIMEDOUT:
        return (struct probe_failure){
            arena_printf(arena, "%s does not answer on port %u", address, port),
            SLICE(
                "A firewall swallows it, often that of your own hosting provider, who blocks port 25 and at "
                "times others. Try 587, 465 or 2525, or ask him to open the port.")};
    case -ENETUNREACH:
    case -EHOSTUNREACH:
        return (struct probe_failure){
            arena_printf(arena, "there is no way from here to %s (port %u)", address, port),
            SLICE("This machine's network has no route there. For an IPv6 address: it has no IPv6.")};
    default:
        return (struct probe_failure){
            arena_printf(arena, "connecting to %s, port %u: %s", address, port, strerror(-error)),
            SLICE("Try again; if it stays so, check this machine's network and firewall.")};
    }
}

/* ---- TLS ---- */

static struct probe_failure tls_failed(struct arena *arena, const struct transit_host *host,
                                       const struct smtp_client_outcome *outcome) {
    if (!outcome->tls_fault)
        return (struct probe_failure){
            SLICE("the TLS handshake failed"),
            SLICE("With --tls implicit: the port may want STARTTLS, as 587 and 25 do; use --tls verified. "
                  "Else its TLS is older than 1.2, or broken.")};
    struct slice fault = slice_from_text(outcome->tls_fault);
    struct slice text = arena_printf(arena, "its certificate is not acceptable for %.*s: %.*s",
                                     SLICE_PRINT(host->name), SLICE_PRINT(fault));
    bool is_name = slice_find(fault, SLICE("mismatch")) != SLICE_NOT_FOUND;
    if (is_name)
        return (struct probe_failure){
            text, SLICE("Give the route the name that the host's owner uses for it; a certificate is for "
                        "names, not for whoever answers. For a host of your own, --tls required encrypts "
                        "without checking who it is.")};
    return (struct probe_failure){
        text, SLICE("Nobody who is trusted here vouches for it, or it has ended. Its owner must mend that; "
                    "or trust its authority with outbound.trusted_roots; or, for a host of your own, --tls "
                    "required encrypts without checking who it is.")};
}

static struct probe_failure tls_missing(const struct smtp_client_outcome *outcome) {
    bool is_refused = outcome->answer.code != 0;
    return (struct probe_failure){
        is_refused ? SLICE("it refuses STARTTLS") : SLICE("it offers no TLS on this port"),
        SLICE("Check host and port: 587 offers it everywhere. Only on a network that you trust is --tls "
              "offered or --tls never an answer.")};
}

/* ---- what is said ---- */

static bool is_temporary(const struct smtp_client_outcome *outcome) {
    return outcome->answer.code / 100 == 4;
}

/* RFC 4954 6 */
static struct slice advice_on_login(const struct smtp_client_outcome *outcome) {
    switch (outcome->answer.code) {
    case 534:
        return SLICE("It wants another way to log in than a plain password: an app password, or a key made "
                     "for SMTP, from the provider's settings.");
    case 538:
        return SLICE("It takes passwords only over TLS: use --tls verified.");
    case 535:
        return SLICE("User or password are wrong. Providers want the user as their manual has it, and a key "
                     "made for SMTP: not the password of their web site. Then: posthaste route password "
                     "NAME --password-stdin.");
    default:
        return is_temporary(outcome)
                   ? SLICE("It cannot check the password now. Try again in some minutes.")
                   : SLICE("It does not let this user send; see what it says, and the provider's settings.");
    }
}

static struct slice advice_on_mail(const struct transit_route *route, const struct transit_host *host,
                                   const struct smtp_client_outcome *outcome) {
    bool wants_login = outcome->answer.code == 530;
    if (wants_login && route->user.len == 0)
        return SLICE("It takes mail only from who logs in: give the route --user and --password-stdin.");
    if (wants_login) return SLICE("It takes mail only over TLS, or only after a login: use --tls verified.");
    struct explain_question question = {.reply = outcome->answer.text, .host = host->name};
    char status[16];
    const struct smtp_enhanced_code *code = &outcome->answer.enhanced;
    if (code->class) {
        int len = snprintf(status, sizeof status, "%u.%u.%u", code->class, code->subject, code->detail);
        question.status = slice_of(status, (size_t)len);
    }
    return slice_from_text(explain(&question)->postmaster);
}

static struct probe_failure refused(struct arena *arena, const struct transit_route *route,
                                    const struct transit_host *host,
                                    const struct smtp_client_outcome *outcome) {
    struct slice advice;
    struct slice text = arena_printf(arena, "%s: %u %.*s", smtp_client_stage_name(outcome->stage),
                                     outcome->answer.code, SLICE_PRINT(outcome->answer.text));
    if (outcome->stage == SMTP_STAGE_AUTH)
        advice = advice_on_login(outcome);
    else if (outcome->stage < SMTP_STAGE_AUTH)
        advice = SLICE("It does not talk to us, or not now. Try again later; if it stays so, ask its owner "
                       "whether this machine's address is blocked there.");
    else
        advice = advice_on_mail(route, host, outcome);
    return (struct probe_failure){text, advice};
}

static struct probe_failure silent(struct arena *arena, const struct smtp_client_outcome *outcome) {
    struct slice text = arena_printf(arena, "%s: no answer", smtp_client_stage_name(outcome->stage));
    if (outcome->stage == SMTP_STAGE_GREETING)
        return (struct probe_failure){text,
                                      SLICE("It is silent: port 465 waits for TLS to begin (use --tls "
                                            "implicit), others may be behind a firewall, or overloaded.")};
    return (struct probe_failure){text, SLICE("It is overloaded, or a firewall between sees to it. Try again "
                                              "later.")};
}

static struct probe_failure no_mechanism(const struct transit_route *route) {
    if (route->tls == TRANSIT_TLS_NEVER || route->tls == TRANSIT_TLS_OFFERED)
        return (struct probe_failure){SLICE("there is no way to log in that is safe without TLS"),
                                      SLICE("Use --tls verified.")};
    return (struct probe_failure){
        SLICE("it offers no way to log in that is known here (SCRAM, PLAIN, LOGIN)"),
        SLICE("Check host and port: 587 and 465 are for who logs in, port 25 often "
              "is not. Or it wants no login: then leave --user out.")};
}

struct probe_failure probe_explain(struct arena *arena, const struct transit_route *route,
                                   const struct transit_host *host,
                                   const struct smtp_client_outcome *outcome) {
    const char *stage = smtp_client_stage_name(outcome->stage);
    switch (outcome->result) {
    case SMTP_CLIENT_REFUSED:
        return refused(arena, route, host, outcome);
    case SMTP_CLIENT_TLS_MISSING:
        return tls_missing(outcome);
    case SMTP_CLIENT_TLS_FAILED:
        return tls_failed(arena, host, outcome);
    case SMTP_CLIENT_NO_MECHANISM:
        return no_mechanism(route);
    case SMTP_CLIENT_TIMED_OUT:
        return silent(arena, outcome);
    case SMTP_CLIENT_LOST:
        return (struct probe_failure){arena_printf(arena, "%s: it hung up", stage),
                                      SLICE("Try again. If it stays so: with port 465 use --tls implicit; "
                                            "else ask its owner whether this machine's address is blocked.")};
    case SMTP_CLIENT_MALFORMED:
    case SMTP_CLIENT_INJECTED:
        return (struct probe_failure){arena_printf(arena, "%s: what it says is no SMTP", stage),
                                      SLICE("Some other service listens there, or something between changes "
                                            "what is said. Check host and port.")};
    default:
        return (struct probe_failure){arena_printf(arena, "%s: it could not be done", stage),
                                      SLICE("Try again.")};
    }
}
