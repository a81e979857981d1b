#include "analyse/auto_reply.h"

#include "analyse/phrase.h"

/* How mail programs and servers begin the subject of such an answer. */
static const struct slice subjects[] = {
    SLICE_INIT("automatic reply"),
    SLICE_INIT("automatic response"),
    SLICE_INIT("automated response"),
    SLICE_INIT("automated reply"),
    SLICE_INIT("auto reply"),
    SLICE_INIT("auto-reply"),
    SLICE_INIT("autoreply"),
    SLICE_INIT("auto response"),
    SLICE_INIT("auto-response"),
    SLICE_INIT("autoresponse"),
    SLICE_INIT("autorespons"),
    SLICE_INIT("out of office re:"),
    SLICE_INIT("out of office auto"),
    SLICE_INIT("[auto-reply]"),
    SLICE_INIT("[autoreply]"),
    SLICE_INIT("[automatic reply]"),
    SLICE_INIT("vacation reply"),
    SLICE_INIT("vacation response"),
    SLICE_INIT("automatische antwort"),
    SLICE_INIT("abwesenheitsnotiz"),
    SLICE_INIT("abwesenheitsassistent"),
    SLICE_INIT("automatisierte antwort"),
    SLICE_INIT("autoantwort"),
    SLICE_INIT("reponse automatique"),
    SLICE_INIT("notification d'absence"),
    SLICE_INIT("respuesta automatica"),
    SLICE_INIT("autorespuesta"),
    SLICE_INIT("odpowiedz automatyczna"),
    SLICE_INIT("automatyczna odpowiedz"),
    SLICE_INIT("autoodpowiedz"),
    SLICE_INIT("risposta automatica"),
    SLICE_INIT("automatisch antwoord"),
    SLICE_INIT("automatisch bericht"),
    SLICE_INIT("afwezigheidsbericht"),
    SLICE_INIT("resposta automatica"),
    SLICE_INIT("automatiskt svar"),
    SLICE_INIT("automatisk svar"),
    SLICE_INIT("autosvar"),
    SLICE_INIT("automaattinen vastaus"),
    SLICE_INIT("automaticka odpoved"),
    SLICE_INIT("otomatik yanit"),
    SLICE_INIT("автоматический ответ"),
    SLICE_INIT("автоответ"),
    SLICE_INIT("автоматична відповідь"),
    SLICE_INIT("自動返信"),
    SLICE_INIT("自動応答"),
    SLICE_INIT("自动答复"),
    SLICE_INIT("自动回复"),
};

/* What people write as well: it takes a sign of a machine beside it. */
static const struct slice likely_subjects[] = {
    SLICE_INIT("auto:"),
    SLICE_INIT("out of office:"),
    SLICE_INIT("out of the office:"),
    SLICE_INIT("abwesenheit:"),
    SLICE_INIT("absence :"),
    SLICE_INIT("absence du bureau"),
    SLICE_INIT("message d'absence"),
    SLICE_INIT("fuera de la oficina:"),
    SLICE_INIT("fuera de oficina:"),
    SLICE_INIT("poza biurem:"),
    SLICE_INIT("nieobecnosc:"),
    SLICE_INIT("fuori ufficio:"),
    SLICE_INIT("abwesenheitsnachricht"),
    SLICE_INIT("abwesenheitsmeldung"),
    SLICE_INIT("ausencia temporaria"),
};

/* A machine that has received something says so. */
static const struct slice receipts[] = {
    SLICE_INIT("received your"),
    SLICE_INIT("thank you for contacting"),
    SLICE_INIT("thanks for contacting"),
    SLICE_INIT("thank you for your e*"),
    SLICE_INIT("thank you for your message"),
    SLICE_INIT("thank you for your inquiry"),
    SLICE_INIT("thank you for getting in touch"),
    SLICE_INIT("your ticket"),
    SLICE_INIT("ticket number"),
    SLICE_INIT("case number"),
    SLICE_INIT("as soon as possible"),
    SLICE_INIT("automated message"),
    SLICE_INIT("automated response"),
    SLICE_INIT("automatic response"),
    SLICE_INIT("automatically generated"),
    SLICE_INIT("do not reply"),
    SLICE_INIT("ihre anfrage"),
    SLICE_INIT("ihre nachricht~erhalten"),
    SLICE_INIT("eingegangen"),
    SLICE_INIT("automatisch erstellt"),
    SLICE_INIT("automatisch generiert"),
    SLICE_INIT("bien recu"),
    SLICE_INIT("votre demande"),
    SLICE_INIT("message automatique"),
    SLICE_INIT("hemos recibido"),
    SLICE_INIT("mensaje automatico"),
    SLICE_INIT("su consulta"),
    SLICE_INIT("otrzymalismy"),
    SLICE_INIT("wiadomosc automatyczna"),
    SLICE_INIT("numer zgloszenia"),
    SLICE_INIT("abbiamo ricevuto"),
    SLICE_INIT("hebben uw bericht"),
    SLICE_INIT("recebemos"),
};

/* Words about being away. */
static const struct slice absences[] = {
    SLICE_INIT("out of office"),
    SLICE_INIT("out of the office"),
    SLICE_INIT("out-of-office"),
    SLICE_INIT("on vacation"),
    SLICE_INIT("on holiday"),
    SLICE_INIT("on holidays"),
    SLICE_INIT("annual leave"),
    SLICE_INIT("on leave"),
    SLICE_INIT("parental leave"),
    SLICE_INIT("maternity leave"),
    SLICE_INIT("paternity leave"),
    SLICE_INIT("sick leave"),
    SLICE_INIT("away until"),
    SLICE_INIT("away from"),
    SLICE_INIT("i am away"),
    SLICE_INIT("i'm away"),
    SLICE_INIT("am currently away"),
    SLICE_INIT("i will be away"),
    SLICE_INIT("limited access to"),
    SLICE_INIT("no access to my e*"),
    SLICE_INIT("return to the office"),
    SLICE_INIT("returning to the office"),
    SLICE_INIT("back in the office"),
    SLICE_INIT("be back on"),
    SLICE_INIT("travelling"),
    SLICE_INIT("traveling"),
    SLICE_INIT("not in the office"),
    SLICE_INIT("nicht im buro"),
    SLICE_INIT("nicht im buero"),
    SLICE_INIT("nicht im haus*"),
    SLICE_INIT("ausser haus"),
    SLICE_INIT("im urlaub"),
    SLICE_INIT("in urlaub"),
    SLICE_INIT("abwesen*"),
    SLICE_INIT("wieder erreichbar"),
    SLICE_INIT("nicht erreichbar"),
    SLICE_INIT("elternzeit"),
    SLICE_INIT("mutterschutz"),
    SLICE_INIT("wieder im buro"),
    SLICE_INIT("wieder im buero"),
    SLICE_INIT("wieder im haus*"),
    SLICE_INIT("wieder fur sie da"),
    SLICE_INIT("nicht am arbeitsplatz"),
    SLICE_INIT("auf dienstreise"),
    SLICE_INIT("absent*"),
    SLICE_INIT("en conge*"),
    SLICE_INIT("en vacances"),
    SLICE_INIT("hors du bureau"),
    SLICE_INIT("de retour"),
    SLICE_INIT("mon retour"),
    SLICE_INIT("en deplacement"),
    SLICE_INIT("fuera de la oficina"),
    SLICE_INIT("fuera de oficina"),
    SLICE_INIT("de vacaciones"),
    SLICE_INIT("ausente"),
    SLICE_INIT("estare de vuelta"),
    SLICE_INIT("estare de regreso"),
    SLICE_INIT("mi regreso"),
    SLICE_INIT("de baja"),
    SLICE_INIT("de permiso"),
    SLICE_INIT("poza biurem"),
    SLICE_INIT("na urlopie"),
    SLICE_INIT("nieobecn*"),
    SLICE_INIT("urlop*"),
    SLICE_INIT("wracam"),
    SLICE_INIT("wroce"),
    SLICE_INIT("bede dostepn*"),
    SLICE_INIT("l4"),
    SLICE_INIT("fuori ufficio"),
    SLICE_INIT("in ferie"),
    SLICE_INIT("assente"),
    SLICE_INIT("fuori sede"),
    SLICE_INIT("rientro"),
    SLICE_INIT("rientrero"),
    SLICE_INIT("afwezig"),
    SLICE_INIT("niet aanwezig"),
    SLICE_INIT("met vakantie"),
    SLICE_INIT("op vakantie"),
    SLICE_INIT("met verlof"),
    SLICE_INIT("de ferias"),
    SLICE_INIT("fora do escritorio"),
    SLICE_INIT("estarei de volta"),
    SLICE_INIT("ausencia"),
    SLICE_INIT("semester"),
    SLICE_INIT("отпуск*"),
    SLICE_INIT("休暇*"),
    SLICE_INIT("不在*"),
};

bool auto_reply_has_subject(const struct letter *letter) {
    unsigned machine = LETTER_SUPPRESSES | LETTER_NULL_PATH | LETTER_AUTO_GENERATED | LETTER_AUTO_REPLIED;
    if (phrase_start(letter->subject_folded, PHRASES(subjects))) return true;
    return (letter->signs & machine) && phrase_start(letter->subject_folded, PHRASES(likely_subjects));
}

const struct slice *auto_reply_absence(struct slice folded) {
    return phrase_any_words(folded, PHRASES(absences));
}

/* "auto-generated" is also what help desks put on what a person wrote there. */
static bool is_generated_answer(const struct letter *letter, struct slice folded) {
    bool is_answer = letter->in_reply_to.len || letter->references.len;
    if (!(letter->signs & LETTER_AUTO_GENERATED)) return false;
    if (auto_reply_has_subject(letter)) return true;
    return is_answer && (auto_reply_absence(folded) || phrase_any_words(folded, PHRASES(receipts)));
}

/* The field that says so. */
static struct slice field_of(const struct letter *letter, struct slice folded) {
    if (letter->signs & LETTER_X_AUTOREPLY) return SLICE("X-Autoreply");
    /* Also on what a rule of a mailbox passes on, written by a person. */
    bool is_told = auto_reply_has_subject(letter) || auto_reply_absence(folded) ||
                   phrase_any_words(folded, PHRASES(receipts)) || (letter->signs & LETTER_SUPPRESSES);
    if ((letter->signs & LETTER_RULES_LOOP) && is_told) return SLICE("X-MS-Exchange-Inbox-Rules-Loop");
    if (letter->signs & LETTER_AUTO_REPLIED) return SLICE("Auto-Submitted: auto-replied");
    return is_generated_answer(letter, folded) ? SLICE("Auto-Submitted: auto-generated") : SLICE_EMPTY;
}

/* Such a subject alone might be a new letter about automatic answers. */
static bool is_told_by_subject(const struct letter *letter, struct slice folded) {
    bool is_beside = (letter->signs & ~(unsigned)LETTER_HAS_FROM) || letter->in_reply_to.len ||
                     letter->references.len || auto_reply_absence(folded) ||
                     phrase_any_words(folded, PHRASES(receipts));
    return is_beside && auto_reply_has_subject(letter);
}

enum auto_reply auto_reply_read(const struct letter *letter, struct slice folded, struct slice *evidence) {
    *evidence = SLICE_EMPTY;
    /* RFC 3834 5: "no" says that a person sent it. */
    if (letter->signs & LETTER_BY_HAND) return AUTO_REPLY_NOT;
    *evidence = field_of(letter, folded);
    if (evidence->len == 0 && is_told_by_subject(letter, folded)) *evidence = letter->subject;
    if (evidence->len == 0) return AUTO_REPLY_NOT;
    bool is_away = auto_reply_absence(letter->subject_folded) || auto_reply_absence(folded);
    return is_away ? AUTO_REPLY_OUT_OF_OFFICE : AUTO_REPLY_PLAIN;
}
