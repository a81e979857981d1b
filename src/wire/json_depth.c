#include "wire/json_depth.h"

bool json_is_modest(struct slice json, size_t depth_max, size_t values_max) {
    size_t depth = 0;
    size_t values = 0;
    bool is_quoted = false;
    for (size_t i = 0; i < json.len; i++) {
        uint8_t c = json.ptr[i];
        bool opens = !is_quoted && (c == '{' || c == '[');
        bool closes = !is_quoted && (c == '}' || c == ']');
        if (is_quoted && c == '\\')
            i++;
        else if (c == '"')
            is_quoted = !is_quoted;
        depth += opens;
        depth -= closes && depth;
        values += opens || (!is_quoted && c == ',');
        if (depth > depth_max || values > values_max) return false;
    }
    return true;
}

bool json_is_shallow(struct slice json, size_t depth_max) {
    return json_is_modest(json, depth_max, SIZE_MAX);
}
