/*
 * The simulated world: the deterministic twin of io/real, on one thread, in virtual time.
 *
 * A world has machines, a machine has a disk, addresses and processes, and a process is an env
 * like any other: roles run in it unchanged. One seed decides everything: latencies, where bytes
 * are cut, who runs first, faults, and what of a disk survives a power cut. The same program with
 * the same seed gives the same run and the same sim_world_trace(), so a failing seed replays
 * exactly. Nothing here looks at real time, and no thread is started.
 *
 *     struct sim_world *world = sim_world_new(seed);
 *     struct sim_machine *host = sim_machine_new(world, "host", "192.0.2.1");
 *     struct env *server = sim_process_start(host, "server", server_main, &argument);
 *     sim_kill_after_steps(server, sim_world_random(world, 1000));
 *     assert(sim_world_run_until(world, all_is_well, &state, 60000));
 *     sim_world_free(&world);
 *
 * Process. Its main runs as its first task; when main returns the process has exited, and what it
 * left open is closed as a kernel would. Main closes the scopes it made before it returns.
 *
 * Death. From sim_process_kill on nothing that the process does reaches the world: streams and
 * files give -ECANCELED, SQLite gets SQLITE_IOERR, its connections end at the other side, its
 * locks are free. Main's scope is cancelled, and the code unwinds as it does at an orderly stop,
 * so that its memory is freed. Lane jobs of a dead process still run (a job may be what closes a
 * database, and sets the results its caller looks at); their effects vanish like all others. So a
 * test must believe an acknowledgement only if it came over a stream, or from a call that said yes.
 * A process that is killed loses nothing that it wrote (the page cache is the machine's).
 *
 * Steps. Every file and SQLite operation, stream write and lane job is a step, at which a process
 * or a whole machine can be made to die: at the n-th one, or at random. A write that dies may be
 * done in part.
 *
 * Network. Ports are found by address and number; 127.x and ::1 are the machine itself. As with
 * TCP, and with local sockets too, closing while input is unread breaks the connection: the other
 * side reads -ECONNRESET, and over TCP it may never get the last bytes.
 *
 * Disk. A file's bytes survive a power cut after file_sync, its name after folder_sync. What was
 * not synced survives as the seed decides: none, all, or single 512-byte sectors in any order. A
 * sync that fails (fault knob) leaves its bytes in doubt for ever, as Linux does.
 *
 * SQLite. env_sqlite_vfs() names a VFS of the process on the machine's files, fit for WAL between
 * processes. SQLite's own random numbers are global: one world at a time replays exactly.
 *
 * TLS. Any tls_context pointer will do, NULL too; bytes pass as they are, in records.
 */
#ifndef IO_SIM_SIM_H
#define IO_SIM_SIM_H

#include "io/dns.h"
#include "io/fetch.h"
#include "io/task.h"

struct sim_world;
struct sim_machine;

/* Chances are parts of a million, asked at each occasion. */
enum { SIM_ALWAYS = 1000000 };

/* How the network behaves. Changes are in force at once. */
struct sim_network {
    /* Between machines; within one it is a fiftieth of it. */
    int64_t latency_us_min;
    int64_t latency_us_max;
    /* Bytes that may be under way or unread in one direction. */
    size_t window_bytes;
    /* A write is taken in part, or arrives in pieces (of one byte at times). */
    uint32_t short_write_chance;
    uint32_t split_chance;
    /* A connection between machines breaks, at each write. */
    uint32_t cut_chance;
    /* One that is closed with bytes unread takes what was said last with it. */
    uint32_t unread_reset_chance;
    /* A connect is refused, or never answered. */
    uint32_t refuse_chance;
    uint32_t silence_chance;
    uint32_t tls_failure_chance;
    /* A DNS lookup ends with DNS_SERVFAIL, or is never answered. */
    uint32_t dns_failure_chance;
    uint32_t dns_silence_chance;
    /* A web request is not connected, or never answered. */
    uint32_t fetch_failure_chance;
    uint32_t fetch_silence_chance;
};

/* What goes wrong on one machine. All zero, but the limits, at first. */
struct sim_faults {
    uint32_t sync_error_chance;
    uint32_t write_error_chance;
    uint32_t read_error_chance;
    /* -ENOSPC though there is room; and the room. */
    uint32_t no_space_chance;
    uint64_t space_bytes;
    /* -EMFILE though there are some; and how many there are for each process. */
    uint32_t no_descriptor_chance;
    size_t descriptors_max;
};

struct sim_world *sim_world_new(uint64_t seed);
/* Kills and unwinds what still runs, frees all, nulls *world. */
void sim_world_free(struct sim_world **world);

/* Monotonic; starts at 1,000,000. */
int64_t sim_world_now_ms(const struct sim_world *world);
/* Evenly from 0 to below `bound` (not 0), from the seed. */
uint64_t sim_world_random(struct sim_world *world, uint64_t bound);
bool sim_world_chance(struct sim_world *world, uint32_t chance);
/* A hash of all that happened so far. */
uint64_t sim_world_trace(const struct sim_world *world);
/* Adds a fact of the test's own to it. */
void sim_world_note(struct sim_world *world, struct slice fact);
struct sim_network *sim_world_network(struct sim_world *world);

/* Runs until `is_met(context)` says so (asked between any two turns and events; NULL: never), or
   `limit_ms` of virtual time have passed, or nothing can happen any more. True: it is met. Not to
   be called from inside a process or an event. */
bool sim_world_run_until(struct sim_world *world, bool (*is_met)(void *context), void *context,
                         int64_t limit_ms);
/* Lets so much time pass. */
void sim_world_run_for(struct sim_world *world, int64_t ms);
/* Calls `run(context)` in so much time, outside of any process: for what the test itself does. */
void sim_world_after(struct sim_world *world, int64_t delay_ms, void (*run)(void *context), void *context);

/* A machine with one address (numeric), an empty disk, and a root folder. Texts are copied. */
struct sim_machine *sim_machine_new(struct sim_world *world, const char *name, const char *address);
/* One more address, of either family. The first of a family is where its connections come from. */
void sim_machine_add_address(struct sim_machine *machine, const char *address);
struct sim_faults *sim_machine_faults(struct sim_machine *machine);
/* Moves the wall clock of the machine. */
void sim_machine_jump_clock(struct sim_machine *machine, int64_t by_ms);
/* Makes a folder and those above it, durable at once: an installed machine. */
void sim_machine_make_folder(struct sim_machine *machine, const char *path);
/* Gives `to`, whose disk is empty, all that lies on the disk of `from`, durable: the same machine bought
   twice. They may be of two worlds; nothing of `from` runs. */
void sim_machine_copy_disk(const struct sim_machine *from, struct sim_machine *to);
/* Kills all processes, and leaves of the disk what the seed lets survive. Connections from elsewhere
   go unanswered until a process is started on it again. */
void sim_machine_power_cut(struct sim_machine *machine);
/* The same at the n-th step (1: the next one) of its processes together. 0: not at all. */
void sim_power_cut_after_steps(struct sim_machine *machine, uint64_t steps);
/* A bit of the file, in memory and on disk, flips. False: there is no such file or byte. */
bool sim_machine_flip_bit(struct sim_machine *machine, const char *path, uint64_t offset, unsigned bit);

/* Stops, or restarts, everything between two machines: what is under way waits. */
void sim_network_part(struct sim_machine *a, struct sim_machine *b, bool is_parted);
/* Breaks all connections of the machine with other machines. */
void sim_network_cut(struct sim_machine *machine);
/* Calls `lost(context, a, b)` whenever a connection between two machines breaks by chance. */
void sim_network_on_loss(struct sim_world *world,
                         void (*lost)(void *context, const struct sim_machine *a,
                                      const struct sim_machine *b),
                         void *context);

/* Starts a process: `main(t, argument)` is its first task. The env is valid until the world is
   freed, also after the process ended. env->log is NULL, and may be set at once. */
struct env *sim_process_start(struct sim_machine *machine, const char *name,
                              void (*main)(struct task *t, void *argument), void *argument);
void sim_process_kill(struct env *env);
/* Asks main to stop, as SIGTERM would: its scope is cancelled, its effects stay. */
void sim_process_stop(struct env *env);
/* It has exited, or is dead and unwound. */
bool sim_process_has_ended(const struct env *env);
/* Calls `call(context)` once it has ended, outside of any process. */
void sim_process_on_end(struct env *env, void (*call)(void *context), void *context);
/* Its machine. */
struct sim_machine *sim_process_machine(struct env *env);
/* Steps it has taken. */
uint64_t sim_process_steps(const struct env *env);
/* Kills it at its n-th step from now (1: the next one). 0: not at all. */
void sim_kill_after_steps(struct env *env, uint64_t steps);
/* Kills it at its n-th wait from now (1: the next one): when one of its tasks has done all it could and
   waits, or has ended. 0: not at all. */
void sim_kill_after_waits(struct env *env, uint64_t waits);
/* Waits of all its processes so far; and whoever of them waits the n-th time from now is killed. */
uint64_t sim_machine_waits(const struct sim_machine *machine);
void sim_machine_kill_after_waits(struct sim_machine *machine, uint64_t waits);
/* Kills it when its n-th lane job from now is done, before anybody hears of it. 0: not at all. */
void sim_kill_after_jobs(struct env *env, uint64_t jobs);
/* Kills it with this chance at each step. */
void sim_kill_at_random(struct env *env, uint32_t chance);
/* A second handle of the same thing for another process of the machine, as exec inherits it. */
struct handle sim_handle_copy(struct handle handle, struct env *to);

/* DNS of the whole world. A record of `name` ("mail.example.test"); its data, and a CNAME's target, as on
   the wire (io/dns.h), in lower case. Names without any row do not exist. Nothing is secure,
   unless sim_dns_secure says so of the name. */
void sim_dns_add(struct sim_world *world, const char *name, uint16_t type, struct slice data, uint32_t ttl_s);
/* From now on every lookup of the name ends so: DNS_SERVFAIL, DNS_BOGUS, or DNS_TIMEOUT (no answer). */
void sim_dns_fail(struct sim_world *world, const char *name, enum dns_result result);
/* From now on DNSSEC vouches for all that is, or is not, at this name and behind its CNAME. */
void sim_dns_secure(struct sim_world *world, const char *name);
/* Takes all of the name away. */
void sim_dns_forget(struct sim_world *world, const char *name);

/* What requests for this URL are answered from now on. Without a row for it they are FETCH_UNREACHABLE. With
   any result but FETCH_OK (FETCH_TIMEOUT: no answer comes) that is how they end; else `body` is the answer's,
   of that status, with one field Content-Type: text/plain. */
void sim_fetch_plan(struct sim_world *world, const char *url, enum fetch_result result, unsigned status,
                    struct slice body);

/* A context for tls_accept and tls_connect; the world's. */
struct tls_context *sim_tls_context(struct sim_world *world);

#endif
