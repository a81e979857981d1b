/*
 * Sockets: one uv_poll a stream, left watching for input as long as somebody reads, so that a
 * busy connection costs no system call but its reads and writes. Descriptors that come over a
 * local socket are queued until taken. Every call says that it does not wait: another role that
 * shares the socket may have made it a blocking one.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/limits.h"
#include "io/real/loop.h"
#include "io/stream.h"

enum {
    HANDLES_WAITING_MAX = 16,
    LISTEN_BACKLOG = 1024,
    ACCEPTS_A_TURN = 8,
    ACCEPT_PAUSE_MS = 100,
    ACCEPT_PAUSED_TOLD_MS = 60 * 1000,
    DESCRIPTORS_LOOK_MS = 5 * 1000
};

struct socket_stream {
    struct stream stream;
    uv_poll_t poll;
    int fd;
    int polled;
    bool is_local;
    /* Received descriptors, oldest first. */
    int *handles;
    size_t handle_count;
};

static struct socket_stream *socket_of(struct stream *stream) {
    return CONTAINER_OF(stream, struct socket_stream, stream);
}

static void poll_for(struct socket_stream *s, int events);

static void call_waker(struct waker *waker) {
    struct waker once = *waker;
    *waker = (struct waker){0};
    if (once.call) once.call(once.context);
}

static void polled(uv_poll_t *poll, int status, int events) {
    struct socket_stream *s = CONTAINER_OF(poll, struct socket_stream, poll);
    if (status < 0) events = UV_READABLE | UV_WRITABLE;
    /* Stop asking for what nobody waits for, before a waker may close the stream. */
    int wanted =
        (s->stream.on_readable.call ? UV_READABLE : 0) | (s->stream.on_writable.call ? UV_WRITABLE : 0);
    if (events & ~wanted) poll_for(s, wanted);
    struct waker writable = s->stream.on_writable;
    if (events & UV_WRITABLE && writable.call) {
        poll_for(s, s->polled & ~UV_WRITABLE);
        call_waker(&s->stream.on_writable);
        return;
    }
    if (events & UV_READABLE) call_waker(&s->stream.on_readable);
}

static void poll_for(struct socket_stream *s, int events) {
    if (s->polled == events) return;
    s->polled = events;
    int result = events ? uv_poll_start(&s->poll, events, polled) : uv_poll_stop(&s->poll);
    if (result) FATAL("poll: %s", uv_strerror(result));
}

static void socket_watch(struct stream *stream, unsigned events) {
    struct socket_stream *s = socket_of(stream);
    int wanted = s->polled;
    if (events & STREAM_READABLE) wanted |= UV_READABLE;
    if (events & STREAM_WRITABLE) wanted |= UV_WRITABLE;
    poll_for(s, wanted);
}

static void keep_handles(struct socket_stream *s, struct msghdr *message) {
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (!s->handles) s->handles = calloc(HANDLES_WAITING_MAX, sizeof(int));
            if (!s->handles) FATAL("out of memory for received descriptors");
            if (s->handle_count == HANDLES_WAITING_MAX)
                (void)close(fd);
            else
                s->handles[s->handle_count++] = fd;
        }
    }
}

/* A descriptor that came and could not be taken, for want of free ones, leaves its place empty: the next one
   must not be taken for it, and a session given to another's account. */
static void keep_place_of_lost(struct socket_stream *s) {
    if (!s->handles) s->handles = calloc(HANDLES_WAITING_MAX, sizeof(int));
    if (!s->handles) FATAL("out of memory for received descriptors");
    if (s->handle_count < HANDLES_WAITING_MAX) s->handles[s->handle_count++] = -1;
}

static ssize_t local_read(struct socket_stream *s, void *bytes, size_t len) {
    struct iovec part = {bytes, len};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int) * 4)];
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    ssize_t got = recvmsg(s->fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    size_t before = s->handle_count;
    if (got >= 0 && message.msg_controllen) keep_handles(s, &message);
    if (got >= 0 && message.msg_flags & MSG_CTRUNC && s->handle_count == before) keep_place_of_lost(s);
    return got;
}

static ssize_t socket_read(struct stream *stream, void *bytes, size_t len) {
    struct socket_stream *s = socket_of(stream);
    for (;;) {
        ssize_t got = s->is_local && stream->carries_handles ? local_read(s, bytes, len)
                                                             : recv(s->fd, bytes, len, MSG_DONTWAIT);
        if (got >= 0) return got;
        if (errno != EINTR) return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    }
}

static int connect_error(int fd) {
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len)) return -errno;
    if (error) return -error;
    struct sockaddr_storage peer;
    len = sizeof peer;
    if (getpeername(fd, (struct sockaddr *)&peer, &len)) return errno == ENOTCONN ? -EAGAIN : -errno;
    return 0;
}

static ssize_t socket_write(struct stream *stream, struct slice bytes) {
    struct socket_stream *s = socket_of(stream);
    if (bytes.len == 0) return connect_error(s->fd);
    for (;;) {
        ssize_t sent = send(s->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) return sent;
        if (errno != EINTR) return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    }
}

static ssize_t socket_send_handle(struct stream *stream, struct slice bytes, struct handle handle) {
    struct socket_stream *s = socket_of(stream);
    struct iovec part = {(void *)(uintptr_t)bytes.ptr, bytes.len};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
    struct cmsghdr *c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &handle.fd, sizeof(int));
    for (;;) {
        ssize_t sent = sendmsg(s->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) return sent;
        if (errno != EINTR) return errno == EWOULDBLOCK ? -EAGAIN : -errno;
    }
}

static bool socket_take_handle(struct stream *stream, struct handle *handle) {
    struct socket_stream *s = socket_of(stream);
    if (s->handle_count == 0) return false;
    *handle = (struct handle){s->handles[0], NULL};
    s->handle_count--;
    memmove(s->handles, s->handles + 1, s->handle_count * sizeof(int));
    return true;
}

static void poll_closed(uv_handle_t *poll) {
    struct socket_stream *s = CONTAINER_OF(poll, struct socket_stream, poll);
    for (size_t i = 0; i < s->handle_count; i++)
        if (s->handles[i] >= 0) (void)close(s->handles[i]);
    free(s->handles);
    free(s);
}

static struct handle socket_detach(struct stream *stream) {
    struct socket_stream *s = socket_of(stream);
    struct handle handle = {s->fd, NULL};
    stream_unwatch(stream);
    uv_close((uv_handle_t *)&s->poll, poll_closed);
    return handle;
}

static void socket_close(struct stream *stream) { (void)close(socket_detach(stream).fd); }

static void socket_shutdown(struct stream *stream) { (void)shutdown(socket_of(stream)->fd, SHUT_WR); }

static void peer_set(struct peer *peer, const struct sockaddr_storage *address) {
    if (address->ss_family == AF_INET) {
        const struct sockaddr_in *in = (const void *)address;
        (void)inet_ntop(AF_INET, &in->sin_addr, peer->address, sizeof peer->address);
        peer->port = ntohs(in->sin_port);
        peer->is_loopback = ntohl(in->sin_addr.s_addr) >> 24 == 127;
        return;
    }
    const struct sockaddr_in6 *in6 = (const void *)address;
    peer->port = ntohs(in6->sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
        (void)inet_ntop(AF_INET, in6->sin6_addr.s6_addr + 12, peer->address, sizeof peer->address);
        peer->is_loopback = in6->sin6_addr.s6_addr[12] == 127;
        return;
    }
    (void)inet_ntop(AF_INET6, &in6->sin6_addr, peer->address, sizeof peer->address);
    peer->is_loopback = IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr);
}

static void socket_local(struct stream *stream, char address[STREAM_ADDRESS_BYTES]) {
    struct sockaddr_storage name;
    socklen_t len = sizeof name;
    struct peer self = {0};
    const struct socket_stream *s = socket_of(stream);
    if (s->is_local || getsockname(s->fd, (struct sockaddr *)&name, &len)) return;
    peer_set(&self, &name);
    memcpy(address, self.address, STREAM_ADDRESS_BYTES);
}

static const struct stream_ops socket_ops = {
    .read = socket_read,
    .write = socket_write,
    .watch = socket_watch,
    .send_handle = socket_send_handle,
    .take_handle = socket_take_handle,
    .detach = socket_detach,
    .local = socket_local,
    .shutdown = socket_shutdown,
    .close = socket_close,
};

static bool learn_peer(struct socket_stream *s) {
    struct sockaddr_storage address;
    socklen_t len = sizeof address;
    if (getsockname(s->fd, (struct sockaddr *)&address, &len)) return false;
    s->is_local = address.ss_family == AF_UNIX;
    s->stream.peer.is_loopback = s->is_local;
    if (s->is_local) return true;
    len = sizeof address;
    if (!getpeername(s->fd, (struct sockaddr *)&address, &len)) peer_set(&s->stream.peer, &address);
    int on = 1;
    (void)setsockopt(s->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    (void)setsockopt(s->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    /* The kernel would take megabytes for each client that does not read, of memory that all connections of
       the machine share. What is on its way to one that does is not counted in this. */
    int unsent = SOCKET_UNSENT_BYTES_MAX;
    (void)setsockopt(s->fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
    return true;
}

static int option_of(int fd, int option) {
    int value = -1;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, option, &value, &len) ? -1 : value;
}

bool real_handle_is_stream(struct env *env, struct handle handle) {
    (void)env;
    struct stat status;
    if (fstat(handle.fd, &status) || !S_ISSOCK(status.st_mode)) return false;
    int domain = option_of(handle.fd, SO_DOMAIN);
    return (domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX) &&
           option_of(handle.fd, SO_TYPE) == SOCK_STREAM && option_of(handle.fd, SO_ACCEPTCONN) == 0;
}

struct stream *real_stream_adopt(struct env *env, struct handle handle) {
    struct socket_stream *s = calloc(1, sizeof *s);
    if (!s) FATAL("out of memory for a connection");
    s->stream.ops = &socket_ops;
    s->stream.env = env;
    s->fd = handle.fd;
    (void)learn_peer(s);
    int result = uv_poll_init(&real_env_of(env)->loop, &s->poll, handle.fd);
    if (result) FATAL("poll of a connection: %s", uv_strerror(result));
    return &s->stream;
}

int real_pair_open(struct env *env, struct handle pair[2]) {
    (void)env;
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds)) return -errno;
    pair[0] = (struct handle){fds[0], NULL};
    pair[1] = (struct handle){fds[1], NULL};
    return 0;
}

static int address_parse(const char *text, uint16_t port, struct sockaddr_storage *address, socklen_t *len) {
    memset(address, 0, sizeof *address);
    struct sockaddr_in *in = (void *)address;
    struct sockaddr_in6 *in6 = (void *)address;
    if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
        in->sin_family = AF_INET;
        in->sin_port = htons(port);
        *len = sizeof *in;
        return 0;
    }
    if (inet_pton(AF_INET6, text, &in6->sin6_addr) != 1) return -EINVAL;
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    *len = sizeof *in6;
    return 0;
}

/* The port is chosen when it connects: then it only needs to be free towards that one address. */
static int bind_source(int fd, const char *source) {
    struct sockaddr_storage address;
    socklen_t len;
    int on = 1;
    if (!source) return 0;
    int result = address_parse(source, 0, &address, &len);
    if (result) return result;
    (void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (struct sockaddr *)&address, len) ? -errno : 0;
}

int real_connect_start(struct env *env, const struct connect_request *request, struct stream **stream) {
    struct sockaddr_storage address;
    socklen_t len;
    int result = address_parse(request->address, request->port, &address, &len);
    if (result) return result;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    result = bind_source(fd, request->source);
    if (!result && connect(fd, (struct sockaddr *)&address, len) && errno != EINPROGRESS) result = -errno;
    if (result) {
        (void)close(fd);
        return result;
    }
    *stream = real_stream_adopt(env, (struct handle){fd, NULL});
    return 0;
}

int real_listen_open(struct env *env, const struct listen_request *request, struct handle *handle) {
    (void)env;
    struct sockaddr_storage address;
    socklen_t len;
    int result = address_parse(request->address, request->port, &address, &len);
    if (result) return result;
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -errno;
    int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (struct sockaddr *)&address, len) || listen(fd, LISTEN_BACKLOG)) {
        result = -errno;
        (void)close(fd);
        return result;
    }
    *handle = (struct handle){fd, NULL};
    return 0;
}

struct socket_listener {
    struct listener listener;
    uv_poll_t poll;
    struct timer pause;
    int fd;
    bool is_closed;
    /* When it was last said that there are no descriptors. */
    int64_t told_ms;
};

static void listener_polled(uv_poll_t *poll, int status, int events);

static void listener_resume(struct timer *timer) {
    struct socket_listener *l = CONTAINER_OF(timer, struct socket_listener, pause);
    if (uv_poll_start(&l->poll, UV_READABLE, listener_polled)) FATAL("poll of a listening socket");
}

/* Out of descriptors or memory (some are spared for what goes on already): those who wait in the backlog are
 * served when some are free again. */
static void listener_pause(struct socket_listener *l, int error) {
    struct env *env = l->listener.env;
    int64_t now_ms = env_now_ms(env);
    if (!l->told_ms || now_ms - l->told_ms >= ACCEPT_PAUSED_TOLD_MS)
        LOG_WARN(env->log, "accept.paused", LOG_CSTR("reason", strerror(error)));
    l->told_ms = now_ms;
    (void)uv_poll_stop(&l->poll);
    timer_arm(&env->timers, &l->pause, now_ms + ACCEPT_PAUSE_MS);
}

/* How many descriptors this process may have. getrlimit is behind the walls; this one says EINVAL from there
 * on. */
static int descriptors_now(int fd) {
    int below = 1;
    int from = 1 << 30;
    while (below + 1 < from) {
        int middle = below + (from - below) / 2;
        int copy = fcntl(fd, F_DUPFD_CLOEXEC, middle);
        bool is_beyond = copy < 0 && errno == EINVAL;
        if (copy >= 0) (void)close(copy);
        if (is_beyond)
            from = middle;
        else
            below = middle;
    }
    return from;
}

static void look_for_descriptors(struct socket_listener *l) {
    struct real_env *real = real_env_of(l->listener.env);
    real->accepted_fd_max = real_accepted_fd_max(descriptors_now(l->fd));
    real->descriptors_look_ms = env_now_ms(&real->env) + DESCRIPTORS_LOOK_MS;
}

/* None is left for this one: there are fewer than at the start. Whoever has given one back is called again by
   the poll. */
static void out_of_descriptors(struct socket_listener *l, int error) {
    struct listener *listener = &l->listener;
    look_for_descriptors(l);
    if (!listener->make_room || !listener->make_room(listener->context)) listener_pause(l, error);
}

static bool is_spare(struct socket_listener *l, int fd) {
    struct real_env *real = real_env_of(l->listener.env);
    if (real->descriptors_look_ms && env_now_ms(&real->env) >= real->descriptors_look_ms)
        look_for_descriptors(l);
    return fd > real->accepted_fd_max;
}

static void listener_polled(uv_poll_t *poll, int status, int events) {
    (void)status;
    (void)events;
    struct socket_listener *l = CONTAINER_OF(poll, struct socket_listener, poll);
    for (int i = 0; i < ACCEPTS_A_TURN && !l->is_closed; i++) {
        int fd = accept4(l->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM))
            out_of_descriptors(l, errno);
        if (fd < 0) return;
        struct stream *stream = real_stream_adopt(l->listener.env, (struct handle){fd, NULL});
        stream->is_spare = is_spare(l, fd);
        l->listener.on_accept(l->listener.context, stream);
    }
}

static void listener_closed(uv_handle_t *poll) { free(CONTAINER_OF(poll, struct socket_listener, poll)); }

static void socket_listener_close(struct listener *listener) {
    struct socket_listener *l = CONTAINER_OF(listener, struct socket_listener, listener);
    l->is_closed = true;
    timer_disarm(&listener->env->timers, &l->pause);
    uv_close((uv_handle_t *)&l->poll, listener_closed);
    (void)close(l->fd);
}

struct listener *real_listener_adopt(struct env *env, struct handle handle) {
    struct socket_listener *l = calloc(1, sizeof *l);
    if (!l) FATAL("out of memory for a listener");
    l->listener.env = env;
    l->listener.close = socket_listener_close;
    l->fd = handle.fd;
    timer_init(&l->pause, listener_resume);
    if (uv_poll_init(&real_env_of(env)->loop, &l->poll, handle.fd)) FATAL("poll of a listening socket");
    listener_resume(&l->pause);
    return &l->listener;
}
