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
    SLICE_INIT("auto:"),
    SLICE_INIT("out of office:"),
    SLICE_INIT("out of the office:"),
    SLICE_INIT("out of office re:"),
    SLICE_INIT("out of office auto"),
    SLICE_INIT("[auto-reply]"),
    SLICE_INIT("[autoreply]"),
    SLICE_INIT("[automatic reply]"),
    SLICE_INIT("vacation reply"),
    SLICE_INIT("vacation response"),
    SLICE_INIT("automatische antwort"),
    SLICE_INIT("abwesenheitsnotiz"),
    SLICE_INIT("abwesenheitsnachricht"),
    SLICE_INIT("abwesenheitsmeldung"),
    SLICE_INIT("abwesenheitsassistent"),
    SLICE_INIT("abwesenheit:"),
    SLICE_INIT("automatisierte antwort"),
    SLICE_INIT("autoantwort"),
    SLICE_INIT("reponse automatique"),
    SLICE_INIT("absence du bureau"),
    SLICE_INIT("absence :"),
    SLICE_INIT("message d'absence"),
    SLICE_INIT("notification d'absence"),
    SLICE_INIT("respuesta automatica"),
    SLICE_INIT("fuera de la oficina:"),
    SLICE_INIT("fuera de oficina:"),
    SLICE_INIT("autorespuesta"),
    SLICE_INIT("odpowiedz automatyczna"),
    SLICE_INIT("automatyczna odpowiedz"),
    SLICE_INIT("autoodpowiedz"),
    SLICE_INIT("poza biurem:"),
    SLICE_INIT("nieobecnosc:"),
    SLICE_INIT("risposta automatica"),
    SLICE_INIT("fuori ufficio:"),
    SLICE_INIT("automatisch antwoord"),
    SLICE_INIT("automatisch bericht"),
    SLICE_INIT("afwezigheidsbericht"),
    SLICE_INIT("resposta automatica"),
    SLICE_INIT("ausencia temporaria"),
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
    return phrase_start(letter->subject_folded, PHRASES(subjects)) != NULL;
}

const struct slice *auto_reply_absence(struct slice folded) {
    return phrase_any_words(folded, PHRASES(absences));
}

/* The field that says so. */
static struct slice field_of(const struct letter *letter) {
    if (letter->signs & LETTER_X_AUTOREPLY) return SLICE("X-Autoreply");
    if (letter->signs & LETTER_RULES_LOOP) return SLICE("X-MS-Exchange-Inbox-Rules-Loop");
    if (letter->signs & LETTER_AUTO_REPLIED) return SLICE("Auto-Submitted: auto-replied");
    bool is_answer = letter->in_reply_to.len || letter->references.len || auto_reply_has_subject(letter);
    if ((letter->signs & LETTER_AUTO_GENERATED) && is_answer) return SLICE("Auto-Submitted: auto-generated");
    return SLICE_EMPTY;
}

enum auto_reply auto_reply_read(const struct letter *letter, struct slice folded, struct slice *evidence) {
    *evidence = SLICE_EMPTY;
    /* RFC 3834 5: "no" says that a person sent it. */
    if (letter->signs & LETTER_BY_HAND) return AUTO_REPLY_NOT;
    *evidence = field_of(letter);
    if (evidence->len == 0 && auto_reply_has_subject(letter)) *evidence = letter->subject;
    if (evidence->len == 0) return AUTO_REPLY_NOT;
    bool is_away = auto_reply_absence(letter->subject_folded) || auto_reply_absence(folded);
    return is_away ? AUTO_REPLY_OUT_OF_OFFICE : AUTO_REPLY_PLAIN;
}
