/*
 * The zones of the name server in tests. signed.test was signed once (ECDSA P-256, until 2090); the
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
    "signed.test. 3600 IN RRSIG SOA 13 2 3600 20900101000000 20200101000000 48268 signed.test. "
    "KkGpf3Q+KhsGQyanJHedVY189cR06uvlp0G55RPvKhqR9xl3TVrod2pTepK1Ls8c6ki0MlcewuJ7tLozSoVUhw==\n"
    "signed.test. 3600 IN NS ns.signed.test.\n"
    "signed.test. 3600 IN RRSIG NS 13 2 3600 20900101000000 20200101000000 48268 signed.test. "
    "NC3ibEDmqAGfawT/qQKCZJ3vlPoytJrcXZNySdUK7DwLgsknv2iy4RO+TaKtWNF1pZqYLY0z3ktKppraYZVz/w==\n"
    "signed.test. 3600 IN MX 10 mx.signed.test.\n"
    "signed.test. 3600 IN RRSIG MX 13 2 3600 20900101000000 20200101000000 48268 signed.test. "
    "Je2KTquRSUshX3HJeAep/4VheDe6eZA00zR5H9dYXCwMyOliyMoRz8OnVPDEaFB1nsVlCSf52uyDFaFKEMDwSw==\n"
    "signed.test. 3600 IN TXT \"v=spf1 -all\"\n"
    "signed.test. 3600 IN RRSIG TXT 13 2 3600 20900101000000 20200101000000 48268 signed.test. "
    "yY8lx7VHtOtIHrBEb443HGno4AOwCMj146iC/bD6TNgbN5F4lKwIn3EB4SJArh8AsRO2MxUFsED6uReKbNdRvw==\n"
    "signed.test. 3600 IN DNSKEY 257 3 13 "
    "/qZiqPc9nacUQttknEgwtM9K34oYlFKJSqp4OihmLNr6ic8j0eJGEu3JzdbsYsZJWL6uNALNllWV3r03G/F0gA==\n"
    "signed.test. 3600 IN RRSIG DNSKEY 13 2 3600 20900101000000 20200101000000 48268 signed.test. "
    "6TCBxRPMcI+lLrI0r0KrdwfBUkrgdVBG6wVO3akZFohCprA0CZUDHVoCUaO5FiBjS6O5XKXTL/CLe6nTdnLKNw==\n"
    "signed.test. 300 IN NSEC broken.signed.test. NS SOA MX TXT RRSIG NSEC DNSKEY \n"
    "signed.test. 300 IN RRSIG NSEC 13 2 300 20900101000000 20200101000000 48268 signed.test. "
    "1T906qF9S/Pg3RSdR9k690UvlhO49X4cDI2bBPnvfpA1hU0tLNmFrJdJYVq4QFJVKKjrdIBHBCZ/QW4mMclQkw==\n"
    "broken.signed.test. 3600 IN A 192.0.2.67\n"
    "broken.signed.test. 3600 IN RRSIG A 13 3 3600 20900101000000 20200101000000 48268 signed.test. "
    "a5gpLF4yA3o1rPHDOulk38Tu6QhGuulSu9DAttO5uWusdzIV4LKe7ToVREm0eX3yqaNdDTFtPPg7SpOAkKjH2g==\n"
    "broken.signed.test. 300 IN NSEC mx.signed.test. A RRSIG NSEC \n"
    "broken.signed.test. 300 IN RRSIG NSEC 13 3 300 20900101000000 20200101000000 48268 signed.test. "
    "gTcnKQswxZJ8IKHetl7ukSatyF+z7ayVWlIJCpxNeqemRY7S8HuzXDHoDCmIxT8nzf+PeRR9ikLy2tNaygxzkA==\n"
    "mx.signed.test. 3600 IN A 192.0.2.25\n"
    "mx.signed.test. 3600 IN RRSIG A 13 3 3600 20900101000000 20200101000000 48268 signed.test. "
    "rNStNxKuYMIbOM9SCCxadGmuqq2HgHR2uYh/dzbVef3JN8LZuA4uaAtsnNrmKalz9fa2++o6lth7xYAAQyrf7Q==\n"
    "mx.signed.test. 300 IN NSEC _25._tcp.mx.signed.test. A RRSIG NSEC \n"
    "mx.signed.test. 300 IN RRSIG NSEC 13 3 300 20900101000000 20200101000000 48268 signed.test. "
    "3UcaWGHbYkERCjcbR3bFxz5YimVM0sPJ4PhR3xFuTWDisAKn6DOuL7LYwGmdgoQxE7Quvwo80E354YnOx/Qfhg==\n"
    "_25._tcp.mx.signed.test. 3600 IN TLSA 3 1 1 "
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\n"
    "_25._tcp.mx.signed.test. 3600 IN RRSIG TLSA 13 5 3600 20900101000000 20200101000000 48268 signed.test. "
    "DKlZ2BCydZuJ26k4nqZy9DOarLlgLtzqQ1RHgIOs0OS2eXdK42KI6g57Zhm4Rctgx+TYvFa1v/ReTps1ttx6og==\n"
    "_25._tcp.mx.signed.test. 300 IN NSEC ns.signed.test. RRSIG NSEC TLSA \n"
    "_25._tcp.mx.signed.test. 300 IN RRSIG NSEC 13 5 300 20900101000000 20200101000000 48268 signed.test. "
    "mKfSv9hl3JyL7UbYmiyxkBxcY55pR/Ildob0k+jVdcsQAp0YABWV7wJ7uILUYls2x+63fFRX++Oklrx5CNaSMA==\n"
    "ns.signed.test. 3600 IN A 127.0.0.1\n"
    "ns.signed.test. 3600 IN RRSIG A 13 3 3600 20900101000000 20200101000000 48268 signed.test. "
    "Aejdju/Xf99jtSAUK0+ArE3gcJDJNsK9fsHftfKGld3eioP78ZVdBfcE6Gte03RqbGul4z81xe+m1GNUxPeNpA==\n"
    "ns.signed.test. 300 IN NSEC signed.test. A RRSIG NSEC \n"
    "ns.signed.test. 300 IN RRSIG NSEC 13 3 300 20900101000000 20200101000000 48268 signed.test. "
    "6KX2USriIAY8UR6I107FizFdNPQAAW7ModnsV86klQCL1ShUaSvXmFIPc4fB+PG6wW7YOZpKxgEOyKUB+R5Sgg==\n";

/* The trust anchor of signed.test. */
static const char signed_trust_anchor[] =
    "signed.test. IN DS 48268 13 2 d9c0f14100638992efe2fff9ad7f29ee8e1653d1d5bb8318f91158c298127402\n";

#endif
