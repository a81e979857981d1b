/*
 * The zones of the name server in tests. signed.test was signed once (ECDSA P-256, until 2075); the
 * address of broken.signed.test was changed after that.
 */
#ifndef TEST_DNS_ZONES_H
#define TEST_DNS_ZONES_H

static const char zone_example[] = "$ORIGIN example.test.\n"
                                   "$TTL 3600\n"
                                   "@ IN SOA ns hostmaster 7 3600 600 86400 300\n"
                                   "@ IN NS ns\n"
                                   "@ IN MX 20 backup.mx\n"
                                   "@ 600 IN MX 10 mail\n"
                                   "@ IN TXT \"v=spf1 ip4:192.0.2.0/24 \" \"include:other.test \" \"-all\"\n"
                                   "ns IN A 127.0.0.1\n"
                                   "mail IN A 192.0.2.1\n"
                                   "mail IN A 192.0.2.2\n"
                                   "mail IN AAAA 2001:db8::1\n"
                                   "backup.mx IN A 192.0.2.3\n"
                                   "nomail IN MX 0 .\n"
                                   "www 60 IN CNAME web\n"
                                   "web 30 IN CNAME mail\n"
                                   "elsewhere IN CNAME host.second.test.\n"
                                   "dangling IN CNAME nowhere\n"
                                   "loop1 IN CNAME loop2\n"
                                   "loop2 IN CNAME loop1\n"
                                   "_25._tcp.mail IN TLSA 3 1 1 ( 0123456789abcdef0123456789abcdef\n"
                                   "  0123456789abcdef0123456789abcdef )\n";

static const char zone_second[] = "$ORIGIN second.test.\n"
                                  "$TTL 3600\n"
                                  "@ IN SOA ns hostmaster 1 3600 600 86400 300\n"
                                  "@ IN NS ns\n"
                                  "ns IN A 127.0.0.1\n"
                                  "host IN A 198.51.100.9\n";

static const char zone_reverse[] = "$ORIGIN 127.in-addr.arpa.\n"
                                   "$TTL 3600\n"
                                   "@ IN SOA ns.example.test. hostmaster.example.test. 1 3600 600 86400 300\n"
                                   "@ IN NS ns.example.test.\n"
                                   "5.0.0 IN PTR mail.example.test.\n";

static const char zone_localhost[] =
    "$ORIGIN localhost.\n"
    "$TTL 3600\n"
    "@ IN SOA ns.example.test. hostmaster.example.test. 1 3600 600 86400 300\n"
    "@ IN NS ns.example.test.\n"
    "@ IN TXT \"ours\"\n";

static const char zone_signed[] =
    "signed.test. 3600 IN SOA ns.signed.test. hostmaster.signed.test. 1 3600 600 86400 300\n"
    "signed.test. 3600 IN RRSIG SOA 13 2 3600 20750101000000 20200101000000 48268 signed.test. "
    "l2geWy7URjZmZNXSRf5HkWVu/PL8GtccvD+HRN7RZNm4HDNy+l41V3QmmSKrlL0Lff65XgTxuNxZ7CbaFpVZYQ==\n"
    "signed.test. 3600 IN NS ns.signed.test.\n"
    "signed.test. 3600 IN RRSIG NS 13 2 3600 20750101000000 20200101000000 48268 signed.test. "
    "bE3rSyZz0sJldkk2giLUNA54FiY+NiXcmNjBE90Rttu7nEPBVnhLcO2vIEyMBUjV2rUAn32UC/on0nuMk2PiZA==\n"
    "signed.test. 3600 IN MX 10 mx.signed.test.\n"
    "signed.test. 3600 IN RRSIG MX 13 2 3600 20750101000000 20200101000000 48268 signed.test. "
    "i2O7Q9HhNvVWTvGibDbwbGw69S3Atwek8uKPIJ+VwdXyOlEkWYSDs5drxIj4wkG2M1nwW4ez54X5Asb48AvRNw==\n"
    "signed.test. 3600 IN TXT \"v=spf1 -all\"\n"
    "signed.test. 3600 IN RRSIG TXT 13 2 3600 20750101000000 20200101000000 48268 signed.test. "
    "Wyn8rONU93zzgGVOf7CTwjQbuiXvHL993aGIQoKM+2yLARHWe0zWbREaCR8znWoIW4YiKNlI1xQOkwyMQGMqhw==\n"
    "signed.test. 3600 IN DNSKEY 257 3 13 "
    "/qZiqPc9nacUQttknEgwtM9K34oYlFKJSqp4OihmLNr6ic8j0eJGEu3JzdbsYsZJWL6uNALNllWV3r03G/F0gA==\n"
    "signed.test. 3600 IN RRSIG DNSKEY 13 2 3600 20750101000000 20200101000000 48268 signed.test. "
    "zD7lUi/7NcB6gfvnNB8phO2Qqnw7qwWFXM88qPnz94xRD/VWM8fLc3a2dB3+GtirMZBXBienVKv/+ptuWOCmfw==\n"
    "signed.test. 300 IN NSEC broken.signed.test. NS SOA MX TXT RRSIG NSEC DNSKEY \n"
    "signed.test. 300 IN RRSIG NSEC 13 2 300 20750101000000 20200101000000 48268 signed.test. "
    "DGyLkZ9l3Ofo+Zhm0ksm0nO/MtB9ta/ISZPCg68Nc7dGKsJo0A+2F3PN5kBw8eKauw0LeexuXoYjVn79E5nLLw==\n"
    "broken.signed.test. 3600 IN A 192.0.2.67\n"
    "broken.signed.test. 3600 IN RRSIG A 13 3 3600 20750101000000 20200101000000 48268 signed.test. "
    "q5qJ1Z+HSOc+sjIu5cJNq8EAjbaFmrDA1wkDkohUGHWcvcYIY74WLTmrSnkDGyjXpNG655e4ikM3iV1KHB3kTQ==\n"
    "broken.signed.test. 300 IN NSEC mx.signed.test. A RRSIG NSEC \n"
    "broken.signed.test. 300 IN RRSIG NSEC 13 3 300 20750101000000 20200101000000 48268 signed.test. "
    "fBabVt3+hQ3RC/sACl5EhbrpTiotbHc0SPFRns128eczwNNxc0oj1hE+25SVKR9C2q0BKiYK7NyXDcOBE7i9aw==\n"
    "mx.signed.test. 3600 IN A 192.0.2.25\n"
    "mx.signed.test. 3600 IN RRSIG A 13 3 3600 20750101000000 20200101000000 48268 signed.test. "
    "XWDUWQFBgo0xIu3lii5itDKS29f5bBqULNJ8zuqAzHcO+UcZwCcFh8PmG0bdVHZyJDQ0Ux9BM02KDWxy2KZ9lQ==\n"
    "mx.signed.test. 300 IN NSEC _25._tcp.mx.signed.test. A RRSIG NSEC \n"
    "mx.signed.test. 300 IN RRSIG NSEC 13 3 300 20750101000000 20200101000000 48268 signed.test. "
    "vrqeF3hV4kBDtX5jNbVgL5wykZETVxV6S+vfNgu0tIUpSiXBloZMmQxtfRINAKCTWhK7fiKZc3MUxVQPQu8/JQ==\n"
    "_25._tcp.mx.signed.test. 3600 IN TLSA 3 1 1 "
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
    "_25._tcp.mx.signed.test. 3600 IN RRSIG TLSA 13 5 3600 20750101000000 20200101000000 48268 signed.test. "
    "Oy9bMggZo8Wkq0QDQW3W6TbdYlnGyb/FkMukFvqk2w90KYev/JaHpMSRbuW8rFoKOPlHurBgnK0y86C3vHlFyw==\n"
    "_25._tcp.mx.signed.test. 300 IN NSEC ns.signed.test. RRSIG NSEC TLSA \n"
    "_25._tcp.mx.signed.test. 300 IN RRSIG NSEC 13 5 300 20750101000000 20200101000000 48268 signed.test. "
    "zsplLOc+0z5tg01EaXOeA6ZAbhJyZuw1IyoU/RmjUjsT8FsXj3SZs29WI7rBt6mcv2ZYMB1NCCPMt9NSE4x1lQ==\n"
    "ns.signed.test. 3600 IN A 127.0.0.1\n"
    "ns.signed.test. 3600 IN RRSIG A 13 3 3600 20750101000000 20200101000000 48268 signed.test. "
    "G+45CcA7AqnN2w6WfDutldXr29cRIcuqzRNf77PAiVl6vaP/PVStmon2JzmbAlTigq6goldwMvDVwgqUB0WWBw==\n"
    "ns.signed.test. 300 IN NSEC signed.test. A RRSIG NSEC \n"
    "ns.signed.test. 300 IN RRSIG NSEC 13 3 300 20750101000000 20200101000000 48268 signed.test. "
    "I/fFBOIwJ+/pgsg6W90MZb1YLkOOYINDT86bS+kbtF1klFtYBX0h3EIxBKQFyBl1BlreBIL86+D5YV9NqsUxNQ==\n";

/* The trust anchor of signed.test. */
static const char signed_trust_anchor[] =
    "signed.test. IN DS 48268 13 2 d9c0f14100638992efe2fff9ad7f29ee8e1653d1d5bb8318f91158c298127402\n";

#endif
