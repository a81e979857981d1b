/* A certificate for mail.example.test and its key, for tests only. */
#ifndef TEST_CERTIFICATE_H
#define TEST_CERTIFICATE_H

static const char test_certificate[] = "-----BEGIN CERTIFICATE-----\n"
                                       "MIIBrTCCAVOgAwIBAgIUC4G5gQmoTTrxwkA0xYKqM7wweT8wCgYIKoZIzj0EAwIw\n"
                                       "HDEaMBgGA1UEAwwRbWFpbC5leGFtcGxlLnRlc3QwIBcNMjYxMTIyMTcxOTU5WhgP\n"
                                       "MjEyNjEwMjkxNzE5NTlaMBwxGjAYBgNVBAMMEW1haWwuZXhhbXBsZS50ZXN0MFkw\n"
                                       "EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAESvggGP3OKiTiMyKvKYU7+eyMTJhU8Bge\n"
                                       "Zlaf8aq4sTUmlmWDJWYxdmxdu5wPUf/hpWsZNB21FQLrb4Rxg4SYeqNxMG8wHQYD\n"
                                       "VR0OBBYEFO7pBNNueDbcvPqCE3bvtZQ6GMkpMB8GA1UdIwQYMBaAFO7pBNNueDbc\n"
                                       "vPqCE3bvtZQ6GMkpMA8GA1UdEwEB/wQFMAMBAf8wHAYDVR0RBBUwE4IRbWFpbC5l\n"
                                       "eGFtcGxlLnRlc3QwCgYIKoZIzj0EAwIDSAAwRQIgD3WuAOf3CddRfXU67ZYO4BAS\n"
                                       "BqxVlE/JsbDsDNW+W+gCIQCH5zAfBW+YcIDbg7PJ322OPmJqXJb5Fu7uYywUMhp9\n"
                                       "hg==\n"
                                       "-----END CERTIFICATE-----\n";
static const char test_key[] = "-----BEGIN PRIVATE KEY-----\n"
                               "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgJ59wXKxQUYLvLdWQ\n"
                               "vpvUKffzYk1smcPvLKYJeSC9JhOhRANCAARK+CAY/c4qJOIzIq8phTv57IxMmFTw\n"
                               "GB5mVp/xqrixNSaWZYMlZjF2bF27nA9R/+Glaxk0HbUVAutvhHGDhJh6\n"
                               "-----END PRIVATE KEY-----\n";

#endif
