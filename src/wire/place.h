/*
 * Countries and time zones as address lists name them, through ICU: a country by its code of two or three
 * letters or its name in English, German, French, Spanish or Polish; a time zone by its name in the IANA
 * database; and the zone of a country, where of several the one with most people is taken. Pure.
 */
#ifndef WIRE_PLACE_H
#define WIRE_PLACE_H

#include "base/arena.h"
#include "base/buffer.h"

enum { PLACE_ZONE_BYTES_MAX = 64 };

/* All names of countries; making it costs some milliseconds. */
struct country_book;
struct country_book *country_book_new(uint64_t seed);
void country_book_free(struct country_book **book);
/* The country's two letters (ISO 3166-1), static in the book. Empty: there is none of that name. */
struct slice country_find(const struct country_book *book, struct slice name);

/* Whether the IANA database has a zone of this name, written exactly so: "Europe/Berlin", "UTC". */
bool time_zone_is_known(struct slice name);
/* A country's zone in `arena`, or empty; *is_one: it has no other. */
struct slice time_zone_of_country(struct arena *arena, struct slice country, bool *is_one);

#endif
