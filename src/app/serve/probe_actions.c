/* The actions that roles are tried with, and who may do them. */
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "app/serve/probe.h"

enum { PATH_BYTES = 4096 };

/* What a call returned, as a negated errno. */
static int result_of(long returned) { return returned < 0 ? -errno : 0; }

static const char *path_in(const struct probe_setting *s, const char *name, char path[PATH_BYTES]) {
    (void)snprintf(path, PATH_BYTES, "%s/%s", s->folder, name);
    return path;
}

/* ---- files ---- */

static int open_in(const struct probe_setting *s, const char *name, int flags) {
    char path[PATH_BYTES];
    return result_of(open(path_in(s, name, path), flags | O_CLOEXEC, 0600));
}
static int read_database(const struct probe_setting *s) { return open_in(s, "store.db", O_RDONLY); }
static int write_database(const struct probe_setting *s) { return open_in(s, "store.db", O_RDWR); }
static int read_seal(const struct probe_setting *s) { return open_in(s, "key/seal", O_RDONLY); }
static int read_configuration(const struct probe_setting *s) {
    return open_in(s, "posthaste.conf", O_RDONLY);
}
static int read_certificate(const struct probe_setting *s) { return open_in(s, "tls/cert.pem", O_RDONLY); }
static int list_folder(const struct probe_setting *s) { return open_in(s, ".", O_RDONLY | O_DIRECTORY); }
static int spool_file(const struct probe_setting *s) { return open_in(s, "spool", O_RDWR | O_TMPFILE); }
static int read_users(const struct probe_setting *s) {
    return result_of(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}
static int write_elsewhere(const struct probe_setting *s) {
    return result_of(open("/tmp", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600));
}

static int write_certificate(const struct probe_setting *s) { return open_in(s, "tls/cert.pem", O_RDWR); }
static int segment_file(const struct probe_setting *s) {
    char path[PATH_BYTES];
    int fd = open(path_in(s, "body/walls.probe", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : result_of(unlink(path));
}

static int create_file(const struct probe_setting *s) {
    char path[PATH_BYTES];
    int fd = open(path_in(s, "walls.probe", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    return fd < 0 ? -errno : result_of(unlink(path));
}

static int make_folder(const struct probe_setting *s) {
    char path[PATH_BYTES];
    if (mkdir(path_in(s, "walls.probe.d", path), 0700)) return -errno;
    return result_of(unlinkat(AT_FDCWD, path, AT_REMOVEDIR));
}

static int symlink_elsewhere(const struct probe_setting *s) {
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/posthaste.probe.%ld", (long)getpid());
    if (symlink("/", path)) return -errno;
    return result_of(unlink(path));
}

static int change_mode_by_name(const struct probe_setting *s) {
    char path[PATH_BYTES];
    return result_of(syscall(SYS_chmod, path_in(s, "store.db", path), 0640));
}
static int truncate_by_name(const struct probe_setting *s) {
    char path[PATH_BYTES];
    return result_of(syscall(SYS_truncate, path_in(s, "walls.probe.none", path), 0));
}
static int make_pipe_file(const struct probe_setting *s) {
    char path[64];
    (void)snprintf(path, sizeof path, "/tmp/posthaste.pipe.%ld", (long)getpid());
    if (mkfifo(path, 0600)) return -errno;
    return result_of(unlink(path));
}
static int lock_part(const struct probe_setting *s) {
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_len = 1};
    return result_of(fcntl(s->file, F_SETLK, &lock));
}
static int write_given(const struct probe_setting *s) { return result_of(write(s->file, "x", 1)); }
static int read_given(const struct probe_setting *s) {
    char byte;
    return result_of(recv(s->connected, &byte, 1, MSG_DONTWAIT));
}

/* ---- network ---- */

static struct sockaddr_in loopback(uint16_t port) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}
static int open_tcp(const struct probe_setting *s) {
    return result_of(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
}
static int open_udp(const struct probe_setting *s) {
    return result_of(socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0));
}
static int open_local(const struct probe_setting *s) { return result_of(socket(AF_UNIX, SOCK_DGRAM, 0)); }
static int open_netlink(const struct probe_setting *s) { return result_of(socket(AF_NETLINK, SOCK_RAW, 0)); }
static int open_raw(const struct probe_setting *s) {
    return result_of(socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
}
static int make_pair(const struct probe_setting *s) {
    int pair[2];
    return result_of(socketpair(AF_UNIX, SOCK_STREAM, 0, pair));
}
static int connect_out(const struct probe_setting *s) {
    struct sockaddr_in to = loopback(s->listener_port);
    return result_of(connect(s->fresh, (struct sockaddr *)&to, sizeof to));
}
static int send_while_connecting(const struct probe_setting *s) {
    struct sockaddr_in to = loopback(s->listener_port);
    return result_of(sendto(s->fresh, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&to, sizeof to));
}
static int bind_address(const struct probe_setting *s) {
    struct sockaddr_in at = loopback(0);
    return result_of(bind(s->fresh, (struct sockaddr *)&at, sizeof at));
}
static int bind_port(const struct probe_setting *s) {
    enum { ANY_PORT = 2525 };
    struct sockaddr_in at = loopback(ANY_PORT);
    int on = 1;
    (void)setsockopt(s->fresh, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    return result_of(bind(s->fresh, (struct sockaddr *)&at, sizeof at));
}
static int listen_there(const struct probe_setting *s) { return result_of(listen(s->fresh, 1)); }
static int accept_given(const struct probe_setting *s) {
    return result_of(accept4(s->listener, NULL, NULL, SOCK_CLOEXEC));
}
static int set_no_delay(const struct probe_setting *s) {
    int on = 1;
    return result_of(setsockopt(s->connected, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on));
}
static int set_buffer(const struct probe_setting *s) {
    int bytes = 4096;
    return result_of(setsockopt(s->connected, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes));
}

/* ---- processes ---- */

static int start_program(const struct probe_setting *s) {
    char *const words[] = {(char *)(uintptr_t) "true", NULL};
    char *const none[] = {NULL};
    return result_of(execve("/bin/true", words, none));
}
static int start_process(const struct probe_setting *s) {
    pid_t child = fork();
    if (child == 0) _exit(0);
    return result_of(child);
}
static void *nothing(void *argument) { return argument; }
static int start_thread(const struct probe_setting *s) {
    pthread_t thread;
    int error = pthread_create(&thread, NULL, nothing, NULL);
    if (error) return -error;
    return -pthread_join(thread, NULL);
}
static int trace_self(const struct probe_setting *s) {
    return result_of(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}
static int read_parent(const struct probe_setting *s) {
    char byte;
    struct iovec here = {&byte, 1};
    struct iovec there = {(void *)(uintptr_t)s, 1};
    return result_of(process_vm_readv(s->parent, &here, 1, &there, 1, 0));
}
static int signal_parent(const struct probe_setting *s) { return result_of(kill(s->parent, 0)); }
static int signal_parent_thread(const struct probe_setting *s) {
    return result_of(syscall(SYS_tgkill, s->parent, s->parent, 0));
}
static int signal_self(const struct probe_setting *s) {
    return result_of(syscall(SYS_tgkill, getpid(), gettid(), 0));
}
static int hold_parent(const struct probe_setting *s) {
    return result_of(syscall(SYS_pidfd_open, s->parent, 0));
}
static int become_dumpable(const struct probe_setting *s) { return result_of(prctl(PR_SET_DUMPABLE, 1)); }
static int name_thread(const struct probe_setting *s) { return result_of(prctl(PR_SET_NAME, "probe")); }
static int set_user(const struct probe_setting *s) { return result_of(syscall(SYS_setuid, getuid())); }
static int set_limit(const struct probe_setting *s) {
    struct rlimit none = {0, 0};
    return result_of(setrlimit(RLIMIT_CORE, &none));
}
static int set_personality(const struct probe_setting *s) {
    return result_of(syscall(SYS_personality, 0xffffffff));
}

/* ---- memory ---- */

static int map_code(const struct probe_setting *s) {
    void *at = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? -errno : 0;
}
static int map_data(const struct probe_setting *s) {
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? -errno : 0;
}
static int data_to_code(const struct probe_setting *s) {
    void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? -errno : result_of(mprotect(at, 4096, PROT_READ | PROT_EXEC));
}
static int make_memory_file(const struct probe_setting *s) { return result_of(memfd_create("probe", 0)); }

/* ---- the kernel's wide doors ---- */

static int ring(const struct probe_setting *s) {
    struct io_uring_params parameters = {0};
    return result_of(syscall(SYS_io_uring_setup, 1, &parameters));
}
static int load_bpf(const struct probe_setting *s) { return result_of(syscall(SYS_bpf, 0, NULL, 0)); }
static int handle_faults(const struct probe_setting *s) { return result_of(syscall(SYS_userfaultfd, 1)); }
static int leave_sharing(const struct probe_setting *s) { return result_of(unshare(CLONE_FS)); }
static int new_user_space(const struct probe_setting *s) { return result_of(unshare(CLONE_NEWUSER)); }
static int mount_something(const struct probe_setting *s) {
    return result_of(mount("none", "/tmp", "tmpfs", MS_RDONLY, NULL));
}
static int change_root(const struct probe_setting *s) { return result_of(chroot("/tmp")); }
static int watch_events(const struct probe_setting *s) {
    return result_of(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
}
static int add_key(const struct probe_setting *s) { return result_of(syscall(SYS_keyctl, 0, -3, 1)); }
static int push_input(const struct probe_setting *s) { return result_of(ioctl(s->connected, TIOCSTI, "x")); }
static int count_input(const struct probe_setting *s) {
    int bytes;
    return result_of(ioctl(s->connected, FIONREAD, &bytes));
}
static int stop_blocking(const struct probe_setting *s) {
    int on = 1;
    return result_of(ioctl(s->connected, FIONBIO, &on));
}
static int own_signals(const struct probe_setting *s) {
    return result_of(fcntl(s->connected, F_SETOWN, getpid()));
}

enum {
    S = BY_SECCOMP,
    L = BY_LANDLOCK,
    X = BY_OTHERS,
    SX = S | X,
    SL = S | L,
    SLX = S | L | X,
    LX = L | X,
};

/* In the order of enum role_kind: store, remote, mail, edge. */
const struct probe probes[] = {
    {"read the database", read_database, {0, SLX, 0, SLX}},
    {"write the database", write_database, {0, SLX, SLX, SLX}},
    {"read what signing keys are sealed by", read_seal, {0, SLX, LX, SLX}},
    {"read posthaste.conf", read_configuration, {LX, SLX, LX, SLX}},
    {"read the certificate", read_certificate, {LX, SLX, LX, SLX}},
    {"write the certificate", write_certificate, {LX, SLX, SLX, SLX}},
    {"list the data folder", list_folder, {L, SLX, LX, SLX}},
    {"create a file in the data folder", create_file, {L, SLX, SLX, SLX}},
    {"create a segment of bodies", segment_file, {0, SLX, SLX, SLX}},
    {"create a folder in the data folder", make_folder, {SL, SLX, SLX, SLX}},
    {"open a spool file", spool_file, {0, SLX, SLX, SLX}},
    {"read /etc/passwd", read_users, {L, SL, L, SL}},
    {"write in /tmp", write_elsewhere, {L, SL, SL, SL}},
    {"make a symbolic link", symlink_elsewhere, {SL, SL, SL, SL}},
    {"make a named pipe", make_pipe_file, {SL, SL, SL, SL}},
    {"change a mode by name", change_mode_by_name, {SX, SX, SX, SX}},
    {"truncate by name", truncate_by_name, {SX, SX, SX, SX}},
    {"lock a part of a given file", lock_part, {0, S, 0, S}},
    {"write a given file", write_given, {0, 0, 0, 0}},
    {"read a given connection", read_given, {0, 0, 0, 0}},

    {"open a TCP socket", open_tcp, {S, 0, S, S}},
    {"open a UDP socket", open_udp, {S, 0, S, S}},
    {"open a local socket", open_local, {S, S, S, S}},
    {"make a pair of local sockets", make_pair, {S, 0, S, 0}},
    {"open a netlink socket", open_netlink, {S, S, S, S}},
    {"open a raw socket", open_raw, {SX, SX, SX, SX}},
    {"connect", connect_out, {SX, 0, SX, SX}},
    {"connect with the first byte", send_while_connecting, {SX, X, SX, SX}},
    {"bind an address", bind_address, {SX, 0, SX, SX}},
    {"bind a port", bind_port, {SX, X, SX, SX}},
    {"listen", listen_there, {S, S, S, S}},
    {"accept at a given socket", accept_given, {0, S, S, 0}},
    {"set TCP_NODELAY", set_no_delay, {0, 0, 0, 0}},
    {"set a buffer's size", set_buffer, {S, 0, S, S}},

    {"start a program", start_program, {SL, SL, SL, SL}},
    {"start a process", start_process, {S, S, S, S}},
    {"start a thread", start_thread, {0, S, 0, S}},
    {"be traced", trace_self, {S, S, S, S}},
    {"read another's memory", read_parent, {SX, SX, SX, SX}},
    {"signal the parent", signal_parent, {SX, SX, SX, SX}},
    {"signal the parent's thread", signal_parent_thread, {SX, SX, SX, SX}},
    {"signal itself", signal_self, {0, 0, 0, 0}},
    {"hold the parent", hold_parent, {S, S, S, S}},
    {"become dumpable", become_dumpable, {S, S, S, S}},
    {"name a thread", name_thread, {0, S, 0, S}},
    {"set the user", set_user, {S, S, S, S}},
    {"set a limit", set_limit, {S, S, S, S}},
    {"set the personality", set_personality, {S, S, S, S}},

    {"map data", map_data, {0, 0, 0, 0}},
    {"map code", map_code, {S, S, S, S}},
    {"turn data into code", data_to_code, {S, S, S, S}},
    {"make a file in memory", make_memory_file, {S, S, S, S}},

    {"io_uring", ring, {SX, SX, SX, SX}},
    {"bpf", load_bpf, {SX, SX, SX, SX}},
    {"userfaultfd", handle_faults, {SX, SX, SX, SX}},
    {"unshare", leave_sharing, {S, S, S, S}},
    {"make a user namespace", new_user_space, {SX, SX, SX, SX}},
    {"mount", mount_something, {SX, SX, SX, SX}},
    {"chroot", change_root, {SX, SX, SX, SX}},
    {"perf_event_open", watch_events, {SX, SX, SX, SX}},
    {"keyctl", add_key, {SX, SX, SX, SX}},
    {"ioctl TIOCSTI", push_input, {SX, SX, SX, SX}},
    {"ioctl FIONREAD", count_input, {S, S, S, S}},
    {"ioctl FIONBIO", stop_blocking, {0, 0, 0, 0}},
    {"fcntl F_SETOWN", own_signals, {S, S, S, S}},
};
const size_t probe_count = sizeof probes / sizeof probes[0];
