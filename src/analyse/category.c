#include "analyse/category.h"

#include "analyse/phrase.h"

/* Points from which on a message is one. */
enum { PROMOTION_POINTS = 3, UPDATE_POINTS = 2, MANY_LINKS = 5, MANY_PICTURES = 3 };

/* Below a mailing. */
static const struct slice footers[] = {
    SLICE_INIT("unsubscribe"),
    SLICE_INIT("manage your preferences"),
    SLICE_INIT("email preferences"),
    SLICE_INIT("view in browser"),
    SLICE_INIT("view this email in"),
    SLICE_INIT("view online"),
    SLICE_INIT("abbestellen"),
    SLICE_INIT("abmelden"),
    SLICE_INIT("im browser"),
    SLICE_INIT("austragen"),
    SLICE_INIT("se desabonner"),
    SLICE_INIT("desinscription"),
    SLICE_INIT("version en ligne"),
    SLICE_INIT("darse de baja"),
    SLICE_INIT("cancelar suscripcion"),
    SLICE_INIT("ver en el navegador"),
    SLICE_INIT("wypisz"),
    SLICE_INIT("zrezygnuj"),
    SLICE_INIT("w przegladarce"),
    SLICE_INIT("annulla l'iscrizione"),
    SLICE_INIT("uitschrijven"),
};

static const struct slice selling[] = {
    SLICE_INIT("% off"),
    SLICE_INIT("discount"),
    SLICE_INIT("special offer"),
    SLICE_INIT("limited offer"),
    SLICE_INIT("limited time"),
    SLICE_INIT("sale ends"),
    SLICE_INIT("flash sale"),
    SLICE_INIT("free shipping"),
    SLICE_INIT("shop now"),
    SLICE_INIT("buy now"),
    SLICE_INIT("order now"),
    SLICE_INIT("coupon"),
    SLICE_INIT("promo code"),
    SLICE_INIT("newsletter"),
    SLICE_INIT("black friday"),
    SLICE_INIT("don't miss"),
    SLICE_INIT("rabatt"),
    SLICE_INIT("gutschein"),
    SLICE_INIT("angebote"),
    SLICE_INIT("jetzt kaufen"),
    SLICE_INIT("jetzt sichern"),
    SLICE_INIT("nur heute"),
    SLICE_INIT("versandkostenfrei"),
    SLICE_INIT("soldes"),
    SLICE_INIT("reduction"),
    SLICE_INIT("offre speciale"),
    SLICE_INIT("livraison gratuite"),
    SLICE_INIT("code promo"),
    SLICE_INIT("profitez"),
    SLICE_INIT("descuento"),
    SLICE_INIT("oferta"),
    SLICE_INIT("rebajas"),
    SLICE_INIT("envio gratis"),
    SLICE_INIT("compra ahora"),
    SLICE_INIT("znizk"),
    SLICE_INIT("promocj"),
    SLICE_INIT("rabat"),
    SLICE_INIT("darmowa dostawa"),
    SLICE_INIT("kup teraz"),
    SLICE_INIT("sconto"),
    SLICE_INIT("korting"),
    SLICE_INIT("desconto"),
};

static const struct slice telling[] = {
    SLICE_INIT("your order"),
    SLICE_INIT("order confirmation"),
    SLICE_INIT("order number"),
    SLICE_INIT("your invoice"),
    SLICE_INIT("invoice number"),
    SLICE_INIT("your receipt"),
    SLICE_INIT("payment received"),
    SLICE_INIT("your payment"),
    SLICE_INIT("has shipped"),
    SLICE_INIT("tracking number"),
    SLICE_INIT("your booking"),
    SLICE_INIT("reservation"),
    SLICE_INIT("verification code"),
    SLICE_INIT("security code"),
    SLICE_INIT("verify your"),
    SLICE_INIT("reset your password"),
    SLICE_INIT("password reset"),
    SLICE_INIT("new sign-in"),
    SLICE_INIT("your account"),
    SLICE_INIT("your subscription"),
    SLICE_INIT("notification"),
    SLICE_INIT("this is an automat"),
    SLICE_INIT("do not reply"),
    SLICE_INIT("ihre bestellung"),
    SLICE_INIT("bestellbestatigung"),
    SLICE_INIT("ihre rechnung"),
    SLICE_INIT("rechnungsnummer"),
    SLICE_INIT("sendungsverfolgung"),
    SLICE_INIT("ihre buchung"),
    SLICE_INIT("bestatigungscode"),
    SLICE_INIT("passwort zuruck"),
    SLICE_INIT("ihr konto"),
    SLICE_INIT("votre commande"),
    SLICE_INIT("votre facture"),
    SLICE_INIT("votre compte"),
    SLICE_INIT("mot de passe"),
    SLICE_INIT("su pedido"),
    SLICE_INIT("tu pedido"),
    SLICE_INIT("su factura"),
    SLICE_INIT("su cuenta"),
    SLICE_INIT("contrasena"),
    SLICE_INIT("twoje zamowienie"),
    SLICE_INIT("faktura"),
    SLICE_INIT("twoje konto"),
    SLICE_INIT("haslo"),
};

struct heap {
    struct arena *arena;
    struct classification *c;
    unsigned promotion;
    unsigned update;
};

static void tell(struct heap *heap, const char *rule, struct slice saw) {
    classification_add_evidence(heap->arena, heap->c, slice_from_text(rule), saw);
}

static void weigh_header(struct heap *heap, const struct letter *letter) {
    unsigned signs = letter->signs;
    if (signs & LETTER_UNSUBSCRIBABLE) {
        heap->promotion += 2;
        tell(heap, "category: sent to subscribers", SLICE("List-Unsubscribe"));
    }
    if (signs & (LETTER_BULK | LETTER_LIST | LETTER_CAMPAIGN)) {
        heap->promotion++;
        heap->update++;
        tell(heap, "category: sent to many",
             signs & LETTER_BULK   ? SLICE("Precedence")
             : signs & LETTER_LIST ? SLICE("List-Id")
                                   : SLICE("a mailer's own fields"));
    }
    if (signs & (LETTER_AUTO_GENERATED | LETTER_AUTO_REPLIED | LETTER_X_AUTOREPLY | LETTER_NULL_PATH)) {
        heap->update += 2;
        tell(heap, "category: written by a machine", SLICE("Auto-Submitted"));
    }
    bool is_nobody = slice_starts_nocase(letter->from_local, SLICE("no")) &&
                     slice_ends_nocase(letter->from_local, SLICE("reply"));
    bool is_notifier = slice_starts_nocase(letter->from_local, SLICE("notification")) ||
                       slice_starts_nocase(letter->from_local, SLICE("billing")) || is_nobody;
    if (!is_notifier) return;
    heap->update += 2;
    tell(heap, "category: a sender that takes no answers", letter->from_local);
}

static void weigh_make(struct heap *heap, const struct letter *letter) {
    if (letter->html_bytes == 0) return;
    if (letter->pictures >= MANY_PICTURES || (letter->pictures && letter->links >= MANY_LINKS)) {
        heap->promotion += 2;
        tell(heap, "category: a laid-out page", SLICE("pictures and links"));
    } else if (letter->pictures || letter->links >= MANY_LINKS) {
        heap->promotion++;
        tell(heap, "category: HTML with links or pictures", SLICE_EMPTY);
    }
}

static void weigh_words(struct heap *heap, const struct letter *letter, struct slice folded) {
    const struct slice *footer = phrase_any(folded, PHRASES(footers));
    const struct slice *sells = phrase_any(letter->subject_folded, PHRASES(selling));
    const struct slice *tells = phrase_any(letter->subject_folded, PHRASES(telling));
    if (!sells) sells = phrase_any(folded, PHRASES(selling));
    if (!tells) tells = phrase_any(folded, PHRASES(telling));
    if (footer && heap->promotion) {
        heap->promotion++;
        tell(heap, "category: a mailing's footer", *footer);
    }
    /* Words alone make no mailing: people write them too. */
    if (sells && heap->promotion) {
        heap->promotion++;
        tell(heap, "category: words that sell", *sells);
    }
    if (tells && heap->update) {
        heap->update++;
        tell(heap, "category: words of notices", *tells);
    }
}

enum category category_read(struct arena *arena, const struct letter *letter, struct slice folded,
                            bool is_answer, struct classification *c) {
    struct heap heap = {arena, c, 0, 0};
    if (c->kind != CLASS_REPLY && c->kind != CLASS_OTHER) return CATEGORY_UPDATES;
    if (is_answer) {
        tell(&heap, "category: an answer", SLICE_EMPTY);
        return CATEGORY_PRIMARY;
    }
    weigh_header(&heap, letter);
    weigh_make(&heap, letter);
    weigh_words(&heap, letter, folded);
    bool tells_more = heap.update > heap.promotion;
    if (heap.promotion >= PROMOTION_POINTS && !tells_more) return CATEGORY_PROMOTIONS;
    if (heap.update >= UPDATE_POINTS) return CATEGORY_UPDATES;
    return c->kind == CLASS_OTHER ? CATEGORY_UPDATES : CATEGORY_PRIMARY;
}
