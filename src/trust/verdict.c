#include "trust/verdict.h"

const char *trust_result_word(enum trust_result result) {
    static const char *const words[TRUST_RESULTS] = {
        [TRUST_NONE] = "none",           [TRUST_PASS] = "pass",          [TRUST_FAIL] = "fail",
        [TRUST_SOFTFAIL] = "softfail",   [TRUST_NEUTRAL] = "neutral",    [TRUST_POLICY] = "policy",
        [TRUST_TEMPERROR] = "temperror", [TRUST_PERMERROR] = "permerror"};
    return words[result];
}
