/* Whether a mail system wrote a letter, and whether it tells of a failure; declared in bounce.h. */
#include "analyse/bounce.h"
#include "analyse/phrase.h"
#include "base/limits_classify.h"

/* ---- who wrote it ---- */

static const struct slice daemon_locals[] = {
    SLICE_INIT("mailer-daemon"), SLICE_INIT("mailer_daemon"), SLICE_INIT("mailerdaemon"),
    SLICE_INIT("mail-daemon"),   SLICE_INIT("maildaemon"),    SLICE_INIT("mail.daemon"),
    SLICE_INIT("postmaster"),    SLICE_INIT("post_master"),   SLICE_INIT("poostmaster"),
    SLICE_INIT("post-master"),   SLICE_INIT("double-bounce"), SLICE_INIT("mmdf"),
    SLICE_INIT("mdaemon"),       SLICE_INIT("daemon"),        SLICE_INIT("microsoftexchange"),
};

/* Folded. */
static const struct slice daemon_names[] = {
    SLICE_INIT("mail delivery s"),
    SLICE_INIT("mail deliver system"),
    SLICE_INIT("interscan"),
    SLICE_INIT("mailer-daemon"),
    SLICE_INIT("mailer daemon"),
    SLICE_INIT("delivery subsystem"),
    SLICE_INIT("postmaster"),
    SLICE_INIT("system administrator"),
    SLICE_INIT("mail administrator"),
    SLICE_INIT("ndr administrator"),
    SLICE_INIT("systemadministrator"),
    SLICE_INIT("internet mail delivery"),
    SLICE_INIT("administrateur systeme"),
    SLICE_INIT("administrador del sistema"),
    SLICE_INIT("administrator systemu"),
};

bool bounce_is_daemon(const struct letter *letter) {
    for (size_t i = 0; i < sizeof daemon_locals / sizeof daemon_locals[0]; i++)
        if (slice_equal_nocase(letter->from_local, daemon_locals[i]) ||
            /* MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e */
            (daemon_locals[i].len > 14 && slice_starts_nocase(letter->from_local, daemon_locals[i])))
            return true;
    bool is_nobody = (letter->signs & LETTER_HAS_FROM) && letter->from_domain.len == 0;
    struct buffer folded = buffer_new(LETTER_FIELD_BYTES_MAX);
    phrase_fold(&folded, letter->from_name);
    bool is_named = phrase_any(buffer_slice(&folded), PHRASES(daemon_names)) != NULL;
    buffer_free(&folded);
    return is_named || (is_nobody && letter->from_local.len == 0);
}

static bool is_system(const struct letter *letter) {
    unsigned signs = LETTER_NULL_PATH | LETTER_AUTO_REPLIED | LETTER_AUTO_GENERATED | LETTER_EXCHANGE_NDR |
                     LETTER_LIST_SERVER;
    return (letter->signs & signs) || letter->failed.len;
}

/* ---- what it says ---- */

static const struct slice failed_subjects[] = {
    SLICE_INIT("undeliver"),
    SLICE_INIT("undelivered"),
    SLICE_INIT("delivery failed"),
    SLICE_INIT("delivery failure"),
    SLICE_INIT("delivery_failure"),
    SLICE_INIT("failed delivery"),
    SLICE_INIT("failure delivery"),
    SLICE_INIT("failure notice"),
    SLICE_INIT("delivery has failed"),
    SLICE_INIT("mail failure"),
    SLICE_INIT("delivery report"),
    SLICE_INIT("delivery status"),
    SLICE_INIT("delivery error"),
    SLICE_INIT("delivery notification"),
    SLICE_INIT("returned mail"),
    SLICE_INIT("returned to sender"),
    SLICE_INIT("returning message to sender"),
    SLICE_INIT("could not be delivered"),
    SLICE_INIT("not delivered"),
    SLICE_INIT("mail system error"),
    SLICE_INIT("error sending your mail"),
    SLICE_INIT("nondeliverable"),
    SLICE_INIT("non-deliverable"),
    SLICE_INIT("non delivery"),
    SLICE_INIT("non-delivery"),
    SLICE_INIT("rejected mail"),
    SLICE_INIT("message rejected"),
    SLICE_INIT("message you sent blocked"),
    SLICE_INIT("mail delivery"),
    SLICE_INIT("bounce notification"),
    SLICE_INIT("[bounce]"),
    SLICE_INIT("メール配信に失敗"),
    SLICE_INIT("bounced mail"),
    SLICE_INIT("postmaster notify"),
    SLICE_INIT("considered unsolicited"),
    SLICE_INIT("smtp server: errors"),
    SLICE_INIT("are not member"),
    SLICE_INIT("unzustellbar"),
    SLICE_INIT("nicht zustellbar"),
    SLICE_INIT("nicht zugestellt"),
    SLICE_INIT("zustellung fehlgeschlagen"),
    SLICE_INIT("zustellfehler"),
    SLICE_INIT("unzustellbare"),
    SLICE_INIT("non remis"),
    SLICE_INIT("echec de la remise"),
    SLICE_INIT("non distribuable"),
    SLICE_INIT("echec de remise"),
    SLICE_INIT("courrier non"),
    SLICE_INIT("no se puede entregar"),
    SLICE_INIT("no entregado"),
    SLICE_INIT("no se ha podido entregar"),
    SLICE_INIT("correo devuelto"),
    SLICE_INIT("non recapitabile"),
    SLICE_INIT("mancato recapito"),
    SLICE_INIT("nie mozna dostarczyc"),
    SLICE_INIT("niedostarczon"),
    SLICE_INIT("nie dostarczono"),
    SLICE_INIT("zwrot wiadomosci"),
    SLICE_INIT("onbestelbaar"),
    SLICE_INIT("nao entregue"),
    SLICE_INIT("nao e possivel entregar"),
    SLICE_INIT("недоставленн"),
    SLICE_INIT("не доставлено"),
    SLICE_INIT("配信不能"),
    SLICE_INIT("配信できません"),
    SLICE_INIT("エラーメール"),
    SLICE_INIT("退信"),
};

/* Of a text that tells of a failure; folded. */
static const struct slice failed_texts[] = {
    SLICE_INIT("could not be delivered"),
    SLICE_INIT("couldn't be delivered"),
    SLICE_INIT("cannot be delivered"),
    SLICE_INIT("can't be delivered"),
    SLICE_INIT("was not delivered"),
    SLICE_INIT("wasn't delivered"),
    SLICE_INIT("been returned"),
    SLICE_INIT("delivery has failed"),
    SLICE_INIT("delivery failed"),
    SLICE_INIT("failed permanently"),
    SLICE_INIT("unable to deliver"),
    SLICE_INIT("able to deliver your message"),
    SLICE_INIT("error delivering"),
    SLICE_INIT("trouble delivering"),
    SLICE_INIT("undeliverable"),
    SLICE_INIT("not relayed"),
    SLICE_INIT("did not reach the following"),
    SLICE_INIT("permanent fatal errors"),
    SLICE_INIT("fatal errors"),
    SLICE_INIT("delivery problems"),
    SLICE_INIT("permanent error"),
    SLICE_INIT("rejected your message"),
    SLICE_INIT("message was rejected"),
    SLICE_INIT("was blocked by our"),
    SLICE_INIT("email you sent was rejected"),
    SLICE_INIT("attempting to deliver"),
    SLICE_INIT("trying to deliver"),
    SLICE_INIT("delivery status notification"),
    SLICE_INIT("delivery report"),
    SLICE_INIT("non-delivered"),
    SLICE_INIT("non-delivery"),
    SLICE_INIT("nondelivery"),
    SLICE_INIT("transcript of session"),
    SLICE_INIT("error message below"),
    SLICE_INIT("failure reasons"),
    SLICE_INIT("generated response"),
    SLICE_INIT("you are not a member of"),
    SLICE_INIT("account is disabled"),
    SLICE_INIT("mailbox is full"),
    SLICE_INIT("was considered unsolicited"),
    SLICE_INIT("no longer in use"),
    SLICE_INIT("not exist, or you may not have permission"),
    SLICE_INIT("reporting-mta:"),
    SLICE_INIT("final-recipient:"),
    SLICE_INIT("groups.google.com/support"),
    SLICE_INIT("returned permanent errors"),
    SLICE_INIT("rejected by a remote"),
    SLICE_INIT("konnte nicht zugestellt"),
    SLICE_INIT("nicht zugestellt werden"),
    SLICE_INIT("konnte nicht ubermittelt"),
    SLICE_INIT("fehler bei der zustellung"),
    SLICE_INIT("n'a pas pu etre remis"),
    SLICE_INIT("n'a pas pu etre distribue"),
    SLICE_INIT("n'a pas ete remis"),
    SLICE_INIT("n'a pu etre delivre"),
    SLICE_INIT("no pudo ser entregado"),
    SLICE_INIT("no se pudo entregar"),
    SLICE_INIT("no se ha podido entregar"),
    SLICE_INIT("no ha sido entregado"),
    SLICE_INIT("nie moze zostac dostarczona"),
    SLICE_INIT("nie zostala dostarczona"),
    SLICE_INIT("nie mogla zostac dostarczona"),
    SLICE_INIT("recapito non e riuscito"),
    SLICE_INIT("non e stato possibile recapitare"),
    SLICE_INIT("kon niet worden bezorgd"),
    SLICE_INIT("nao pode ser entregue"),
    SLICE_INIT("не может быть доставлено"),
    SLICE_INIT("не может быть отправлено"),
    SLICE_INIT("送信できませんでした"),
    SLICE_INIT("配信できません"),
    SLICE_INIT("送信に失敗"),
    SLICE_INIT("ディレクトリのリストにありません"),
    SLICE_INIT("无法投递"),
};

static const struct slice delayed_subjects[] = {
    SLICE_INIT("(delay)"),
    SLICE_INIT("delayed"),
    SLICE_INIT("warning: message"),
    SLICE_INIT("status notification: warning"),
    SLICE_INIT("warning: could not send"),
    SLICE_INIT("still being retried"),
    SLICE_INIT("verzogert"),
    SLICE_INIT("retarde"),
    SLICE_INIT("retrasad"),
    SLICE_INIT("opoznion"),
};
static const struct slice delayed_texts[] = {
    SLICE_INIT("this is a warning message only"),
    SLICE_INIT("this is a warning only"),
    SLICE_INIT("has not yet been delivered"),
    SLICE_INIT("have not yet been delivered"),
    SLICE_INIT("delivery attempts will continue"),
    SLICE_INIT("only a temporary failure report"),
    SLICE_INIT("has been delayed"),
    SLICE_INIT("will be retried for"),
    SLICE_INIT("it will be retried until"),
    SLICE_INIT("do not need to resend"),
    SLICE_INIT("do not need to re-send"),
    SLICE_INIT("will keep trying"),
    SLICE_INIT("wird weiterhin versucht"),
    SLICE_INIT("noch nicht zugestellt"),
};

/* A subject that a person's mail program wrote. */
static bool is_answer(const struct letter *letter) {
    static const struct slice answers[] = {
        SLICE_INIT("re:"), SLICE_INIT("re :"), SLICE_INIT("aw:"), SLICE_INIT("sv:"),  SLICE_INIT("fwd:"),
        SLICE_INIT("fw:"), SLICE_INIT("wg:"),  SLICE_INIT("tr:"), SLICE_INIT("odp:"), SLICE_INIT("rv:")};
    return phrase_start(letter->subject_folded, PHRASES(answers)) != NULL;
}

struct looked {
    const struct slice *subject;
    const struct slice *text;
    bool is_delayed;
};

static struct looked look_at(const struct letter *letter, struct slice folded) {
    struct looked looked = {0};
    struct slice subject = letter->subject_folded;
    if (is_answer(letter)) subject = SLICE_EMPTY;
    looked.subject = phrase_any(subject, PHRASES(delayed_subjects));
    looked.text = phrase_any(folded, PHRASES(delayed_texts));
    looked.is_delayed = looked.subject || looked.text;
    if (!looked.subject) looked.subject = phrase_any(subject, PHRASES(failed_subjects));
    if (!looked.text) looked.text = phrase_any(folded, PHRASES(failed_texts));
    return looked;
}

/* An answer to a message that a person could have written, but for its beginning. */
static bool begins_with_failure(struct slice folded, const struct slice *phrase) {
    enum { BEGINNING_BYTES = 300 };
    return phrase && phrase_find(slice_sub(folded, 0, BEGINNING_BYTES), *phrase) != SLICE_NOT_FOUND;
}

enum bounce_look bounce_look(const struct letter *letter, struct slice report, struct slice *evidence) {
    bool by_daemon = bounce_is_daemon(letter);
    bool by_system = is_system(letter);
    *evidence = SLICE_EMPTY;
    if ((!by_daemon && !by_system) || (letter->signs & LETTER_BY_HAND)) return BOUNCE_LOOKS_HUMAN;
    struct buffer folded = buffer_new(LETTER_TEXT_BYTES_MAX);
    phrase_fold(&folded, report);
    struct looked looked = look_at(letter, buffer_slice(&folded));
    bool is_told = looked.subject || looked.text || letter->failed.len;
    /* A mail system's own sender may be a person who answers from there. */
    if (by_daemon && !by_system && is_answer(letter))
        is_told = begins_with_failure(buffer_slice(&folded), looked.text);
    /* Where only the way it came speaks for a machine, both must tell of it. */
    if (!by_daemon && letter->failed.len == 0)
        is_told = (looked.text && (looked.subject || (letter->signs & LETTER_NULL_PATH))) ||
                  (looked.subject && (letter->signs & LETTER_NULL_PATH) && letter->original.is_there);
    buffer_free(&folded);
    if (!is_told) return BOUNCE_LOOKS_SYSTEM;
    if (looked.text)
        *evidence = *looked.text;
    else
        *evidence = looked.subject ? *looked.subject : SLICE("X-Failed-Recipients");
    return looked.is_delayed ? BOUNCE_LOOKS_DELAYED : BOUNCE_LOOKS_FAILED;
}
