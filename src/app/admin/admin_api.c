/* Keys for the JSON API, as an administrator sees them (store/api_key.h). */
#include "app/admin/admin_verbs.h"
#include "store/api_key.h"

#define NAME_UNFIT "is no name for a key: up to 64 letters, digits and signs, without blanks"

json_t *admin_api_add(struct admin *admin) {
    struct slice name = admin->request->words[2];
    uint8_t token[API_TOKEN_BYTES];
    enum api_scope scope;
    if (!api_scope_of(admin->request->words[3], &scope))
        return admin_failure(admin, STORE_REFUSED, admin->request->words[3], "",
                             "is no scope: read, write or admin");
    enum store_result result = engine_api_key_add(admin->t, admin->engine, name, scope, token);
    if (result == STORE_OVER_QUOTA) return admin_error(SLICE("there are 1000 keys; remove one first"));
    if (result != STORE_OK) return admin_failure(admin, result, name, "", NAME_UNFIT);
    json_t *answer = json_pack("{s:o, s:s, s:o}", "added", admin_text(name), "scope", api_scope_word(scope),
                               "key", admin_text(slice_of(token, sizeof token)));
    explicit_bzero(token, sizeof token);
    return answer;
}

json_t *admin_api_list(struct admin *admin) {
    struct api_key *keys;
    size_t count;
    enum store_result result = engine_api_key_list(admin->engine, admin->arena, &keys, &count);
    if (result != STORE_OK) return admin_failure(admin, result, SLICE("the list"), "", "");
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(
            list, json_pack("{s:o, s:s, s:o, s:I, s:I}", "name", admin_text(keys[i].name), "scope",
                            api_scope_word(keys[i].scope), "begins", admin_text(keys[i].hint), "created_ms",
                            (json_int_t)keys[i].created_ms, "used_ms", (json_int_t)keys[i].used_ms));
    return json_pack("{s:o}", "keys", list);
}

json_t *admin_api_remove(struct admin *admin) {
    struct slice name = admin->request->words[2];
    enum store_result result = engine_api_key_remove(admin->t, admin->engine, name);
    if (result != STORE_OK)
        return admin_failure(admin, result, name,
                             "is not the name of a key; posthaste api key list shows them", "");
    return json_pack("{s:o}", "removed", admin_text(name));
}
