#include "io/switch.h"

#include <stdint.h>
#include <string.h>

#include "base/fatal.h"

#if defined(__x86_64__)

/* What switch_load pops, lowest address first: System V ABI, AMD64 supplement, 3.2.1. */
struct frame {
    uint32_t mxcsr;
    uint32_t x87_control;
    void *r15, *r14, *r13, *r12, *rbx, *rbp;
    void (*resume)(void);
};
enum { MXCSR_DEFAULT = 0x1f80, X87_DEFAULT = 0x37f };

void switch_load(void **from, void *to) __attribute__((visibility("hidden")));
void switch_begin(void) __attribute__((visibility("hidden")));
__asm__(".text\n"
        ".type switch_load, @function\n"
        "switch_load:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    subq $8, %rsp\n"
        "    stmxcsr (%rsp)\n"
        "    fnstcw 4(%rsp)\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    ldmxcsr (%rsp)\n"
        "    fldcw 4(%rsp)\n"
        "    addq $8, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size switch_load, . - switch_load\n"
        ".type switch_begin, @function\n"
        "switch_begin:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined rip\n"
        "    movq %rbx, %rdi\n"
        "    call *%r12\n"
        "    ud2\n"
        "    .cfi_endproc\n"
        ".size switch_begin, . - switch_begin\n");

static struct frame first_frame(void (*run)(void *argument), void *argument) {
    struct frame frame = {
        .mxcsr = MXCSR_DEFAULT, .x87_control = X87_DEFAULT, .rbx = argument, .resume = switch_begin};
    memcpy(&frame.r12, &run, sizeof run);
    return frame;
}

#elif defined(__aarch64__)

/* What switch_load reads, lowest address first: AAPCS64 6.1.1 and 6.1.2. */
struct frame {
    void *x19, *x20, *x21, *x22, *x23, *x24, *x25, *x26, *x27, *x28, *x29;
    void (*x30)(void);
    double d8_to_d15[8];
};

void switch_load(void **from, void *to) __attribute__((visibility("hidden")));
void switch_begin(void) __attribute__((visibility("hidden")));
__asm__(".text\n"
        ".type switch_load, %function\n"
        "switch_load:\n"
        "    sub sp, sp, #160\n"
        "    stp x19, x20, [sp, #0]\n"
        "    stp x21, x22, [sp, #16]\n"
        "    stp x23, x24, [sp, #32]\n"
        "    stp x25, x26, [sp, #48]\n"
        "    stp x27, x28, [sp, #64]\n"
        "    stp x29, x30, [sp, #80]\n"
        "    stp d8, d9, [sp, #96]\n"
        "    stp d10, d11, [sp, #112]\n"
        "    stp d12, d13, [sp, #128]\n"
        "    stp d14, d15, [sp, #144]\n"
        "    mov x9, sp\n"
        "    str x9, [x0]\n"
        "    mov sp, x1\n"
        "    ldp x19, x20, [sp, #0]\n"
        "    ldp x21, x22, [sp, #16]\n"
        "    ldp x23, x24, [sp, #32]\n"
        "    ldp x25, x26, [sp, #48]\n"
        "    ldp x27, x28, [sp, #64]\n"
        "    ldp x29, x30, [sp, #80]\n"
        "    ldp d8, d9, [sp, #96]\n"
        "    ldp d10, d11, [sp, #112]\n"
        "    ldp d12, d13, [sp, #128]\n"
        "    ldp d14, d15, [sp, #144]\n"
        "    add sp, sp, #160\n"
        "    ret\n"
        ".size switch_load, . - switch_load\n"
        ".type switch_begin, %function\n"
        "switch_begin:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined x30\n"
        "    mov x0, x19\n"
        "    blr x20\n"
        "    brk #1\n"
        "    .cfi_endproc\n"
        ".size switch_begin, . - switch_begin\n");

static struct frame first_frame(void (*run)(void *argument), void *argument) {
    struct frame frame = {.x19 = argument, .x30 = switch_begin};
    memcpy(&frame.x20, &run, sizeof run);
    return frame;
}

#else

static void begin(unsigned run_high, unsigned run_low, unsigned argument_high, unsigned argument_low) {
    uint64_t run = (uint64_t)run_high << 32 | run_low;
    uint64_t argument = (uint64_t)argument_high << 32 | argument_low;
    ((void (*)(void *))(uintptr_t)run)((void *)(uintptr_t)argument);
}

void switch_point_init(struct switch_point *point, void *stack, size_t bytes, void (*run)(void *argument),
                       void *argument) {
    uint64_t to_run = (uintptr_t)run;
    uint64_t with = (uintptr_t)argument;
    if (getcontext(&point->context)) FATAL("no context for a task");
    point->context.uc_stack.ss_sp = stack;
    point->context.uc_stack.ss_size = bytes;
    point->context.uc_link = NULL;
    makecontext(&point->context, (void (*)(void))begin, 4, (unsigned)(to_run >> 32), (unsigned)to_run,
                (unsigned)(with >> 32), (unsigned)with);
}

void switch_stacks(struct switch_point *from, struct switch_point *to) {
    (void)swapcontext(&from->context, &to->context);
}

#endif

#if defined(__x86_64__) || defined(__aarch64__)

/* Both ABIs want the stack at a multiple of 16 where a function is called. */
void switch_point_init(struct switch_point *point, void *stack, size_t bytes, void (*run)(void *argument),
                       void *argument) {
    uintptr_t top = ((uintptr_t)stack + bytes) & ~(uintptr_t)15;
    struct frame frame = first_frame(run, argument);
    point->stack = (void *)(top - sizeof frame);
    memcpy(point->stack, &frame, sizeof frame);
}

void switch_stacks(struct switch_point *from, struct switch_point *to) {
    switch_load(&from->stack, to->stack);
}

#endif
