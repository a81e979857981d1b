/* A message from standard input, made 7-bit, to standard output, so that other programs can judge it. The
   exit status is enum seven_bit_result. */
#include <stdio.h>

#include "base/limits.h"
#include "wire/seven_bit.h"

int main(void) {
    struct buffer input = buffer_new(MIB(16));
    struct buffer output = buffer_new(MIB(64));
    uint8_t piece[4096];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, stdin)) > 0) buffer_append(&input, slice_of(piece, got));
    struct seven_bit *message = seven_bit_new();
    seven_bit_scan(message, buffer_slice(&input));
    enum seven_bit_result result = seven_bit_scan_finish(message);
    if (result == SEVEN_BIT_ALREADY || result == SEVEN_BIT_POSSIBLE) {
        seven_bit_write(message, buffer_slice(&input), byte_sink_of_buffer(&output));
        seven_bit_finish(message, byte_sink_of_buffer(&output));
    }
    ASSERT(!buffer_overflowed(&input) && !buffer_overflowed(&output));
    if (output.len) (void)fwrite(output.ptr, 1, output.len, stdout);
    seven_bit_free(&message);
    buffer_free(&input);
    buffer_free(&output);
    return (int)result;
}
