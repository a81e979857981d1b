#include "wire/json_depth.h"

bool json_is_shallow(struct slice json, size_t depth_max) {
    size_t depth = 0;
    bool is_quoted = false;
    for (size_t i = 0; i < json.len; i++) {
        uint8_t c = json.ptr[i];
        if (is_quoted && c == '\\')
            i++;
        else if (c == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && (c == '{' || c == '['))
            depth++;
        else if (!is_quoted && (c == '}' || c == ']') && depth)
            depth--;
        if (depth > depth_max) return false;
    }
    return true;
}
