#include "trust/organisation.h"

#include "trust/dmarc.h"

/* The large ones; a list that misses one only pauses a prospect too many. */
static const struct slice shared[] = {
    SLICE_INIT("gmail.com"),      SLICE_INIT("googlemail.com"), SLICE_INIT("outlook.com"),
    SLICE_INIT("hotmail.com"),    SLICE_INIT("hotmail.co.uk"),  SLICE_INIT("hotmail.fr"),
    SLICE_INIT("hotmail.de"),     SLICE_INIT("live.com"),       SLICE_INIT("msn.com"),
    SLICE_INIT("outlook.de"),     SLICE_INIT("outlook.fr"),     SLICE_INIT("yahoo.com"),
    SLICE_INIT("yahoo.co.uk"),    SLICE_INIT("yahoo.fr"),       SLICE_INIT("yahoo.de"),
    SLICE_INIT("ymail.com"),      SLICE_INIT("aol.com"),        SLICE_INIT("icloud.com"),
    SLICE_INIT("me.com"),         SLICE_INIT("mac.com"),        SLICE_INIT("gmx.de"),
    SLICE_INIT("gmx.net"),        SLICE_INIT("gmx.at"),         SLICE_INIT("gmx.ch"),
    SLICE_INIT("gmx.com"),        SLICE_INIT("web.de"),         SLICE_INIT("t-online.de"),
    SLICE_INIT("freenet.de"),     SLICE_INIT("mail.de"),        SLICE_INIT("posteo.de"),
    SLICE_INIT("mailbox.org"),    SLICE_INIT("proton.me"),      SLICE_INIT("protonmail.com"),
    SLICE_INIT("tutanota.com"),   SLICE_INIT("tuta.com"),       SLICE_INIT("fastmail.com"),
    SLICE_INIT("zoho.com"),       SLICE_INIT("mail.com"),       SLICE_INIT("yandex.ru"),
    SLICE_INIT("yandex.com"),     SLICE_INIT("mail.ru"),        SLICE_INIT("inbox.ru"),
    SLICE_INIT("bk.ru"),          SLICE_INIT("list.ru"),        SLICE_INIT("rambler.ru"),
    SLICE_INIT("orange.fr"),      SLICE_INIT("wanadoo.fr"),     SLICE_INIT("free.fr"),
    SLICE_INIT("laposte.net"),    SLICE_INIT("sfr.fr"),         SLICE_INIT("wp.pl"),
    SLICE_INIT("o2.pl"),          SLICE_INIT("onet.pl"),        SLICE_INIT("interia.pl"),
    SLICE_INIT("gazeta.pl"),      SLICE_INIT("op.pl"),          SLICE_INIT("libero.it"),
    SLICE_INIT("virgilio.it"),    SLICE_INIT("telefonica.net"), SLICE_INIT("terra.com.br"),
    SLICE_INIT("uol.com.br"),     SLICE_INIT("qq.com"),         SLICE_INIT("163.com"),
    SLICE_INIT("126.com"),        SLICE_INIT("naver.com"),      SLICE_INIT("comcast.net"),
    SLICE_INIT("verizon.net"),    SLICE_INIT("att.net"),        SLICE_INIT("sbcglobal.net"),
    SLICE_INIT("btinternet.com"), SLICE_INIT("sky.com"),        SLICE_INIT("bluewin.ch"),
    SLICE_INIT("seznam.cz"),      SLICE_INIT("ziggo.nl"),       SLICE_INIT("telenet.be"),
};

bool organisation_is_shared(struct slice domain) {
    for (size_t i = 0; i < sizeof shared / sizeof shared[0]; i++)
        if (slice_equal_nocase(domain, shared[i])) return true;
    return false;
}

struct slice organisation_of(struct arena *arena, struct slice domain) {
    uint8_t *lower = arena_alloc(arena, domain.len);
    for (size_t i = 0; i < domain.len; i++) lower[i] = ascii_lower(domain.ptr[i]);
    struct slice found = dmarc_listed_organization(arena, slice_of(lower, domain.len));
    return organisation_is_shared(found) ? SLICE_EMPTY : found;
}
