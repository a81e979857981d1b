/*
 * What is said between the two roles about signing (transit/protocol.h): the remote role hashes a message and
 * composes its signatures, the store role, which has the keys, says who signs and signs the digests. Both
 * questions are about the message that a session has in hand; the store signs for nothing else.
 *
 * And about keys that wait to be published: the store asks the remote role to look for their records.
 */
#ifndef TRANSIT_SIGN_PROTOCOL_H
#define TRANSIT_SIGN_PROTOCOL_H

#include "ipc/pack.h"
#include "store/dkim_keys.h"

enum transit_sign_result {
    TRANSIT_SIGN_OK,
    /* Those keys sign no more, or this store has not said who signs the message: ask for the signers. */
    TRANSIT_SIGN_AGAIN,
    /* It cannot be done now. */
    TRANSIT_SIGN_LATER,
    TRANSIT_SIGN_RESULTS,
};

/* Who signs it? `from` is the one address of its From, or empty. Or, who seals it, for it is passed on? */
struct transit_signers_question {
    uint64_t session;
    uint64_t message;
    struct slice from;
    bool is_seal;
};
struct transit_signers {
    enum transit_sign_result result;
    struct dkim_signers signers;
};

/* One call, all signatures of the message. */
struct transit_sign {
    uint64_t session;
    uint64_t message;
    struct slice domain;
    struct dkim_digest digests[DKIM_ALGORITHMS];
    size_t count;
};
struct transit_signatures {
    enum transit_sign_result result;
    struct slice signatures[DKIM_ALGORITHMS];
    size_t count;
};

/* Is this TXT record at that name? */
struct transit_look {
    struct slice name;
    struct slice record;
};
enum transit_look_result {
    /* It is, with this key. */
    TRANSIT_LOOK_SEEN,
    /* Another key is. */
    TRANSIT_LOOK_OTHER,
    TRANSIT_LOOK_MISSING,
    /* DNS could not tell. */
    TRANSIT_LOOK_FAILED,
    TRANSIT_LOOK_RESULTS,
};

/* As in transit/protocol.h. */
void transit_signers_question_pack(struct buffer *out, const struct transit_signers_question *question);
void transit_signers_question_unpack(struct unpacker *in, struct transit_signers_question *question);
void transit_signers_pack(struct buffer *out, const struct transit_signers *signers);
void transit_signers_unpack(struct unpacker *in, struct transit_signers *signers);
void transit_sign_pack(struct buffer *out, const struct transit_sign *sign);
void transit_sign_unpack(struct unpacker *in, struct transit_sign *sign);
void transit_signatures_pack(struct buffer *out, const struct transit_signatures *signatures);
void transit_signatures_unpack(struct unpacker *in, struct transit_signatures *signatures);
void transit_look_pack(struct buffer *out, const struct transit_look *look);
void transit_look_unpack(struct unpacker *in, struct transit_look *look);
void transit_look_result_pack(struct buffer *out, enum transit_look_result result);
void transit_look_result_unpack(struct unpacker *in, enum transit_look_result *result);

#endif
