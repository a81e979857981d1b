/*
 * Ports and connects. A connect travels to the machine that has the address, finds a port or none,
 * and the answer travels back. A port is an object: several processes may hold it and accept from
 * it, and the seed chooses who gets a connection.
 */
#include <stdio.h>
#include <stdlib.h>

#include "io/sim/link.h"

enum { ACCEPT_US_MAX = 100, ACCEPT_PAUSE_US = 100000, SILENCE_US = 3600 * 1000000LL, PORT_FIRST = 32768 };

struct sim_port {
    struct sim_object object;
    struct list in_machine;
    struct sim_machine *machine;
    char *address;
    uint16_t port;
    struct list backlog;
    struct list listeners;
};

struct sim_listener {
    struct listener listener;
    struct sim_descriptor *descriptor;
    struct list in_process;
    struct list in_port;
    struct sim_event accept;
};

/* Two machines between which nothing passes. */
struct parted {
    struct list in_world;
    const struct sim_machine *a;
    const struct sim_machine *b;
};

static bool text_equal(const char *a, const char *b) { return strcmp(a, b) == 0; }
static bool is_ipv6(const char *address) { return strchr(address, ':'); }
static bool is_loopback(const char *address) {
    return strncmp(address, "127.", 4) == 0 || text_equal(address, "::1");
}

static struct parted *parted_find(const struct sim_machine *a, const struct sim_machine *b) {
    LIST_EACH(&a->world->parted, parted, struct parted, in_world) {
        if ((parted->a == a && parted->b == b) || (parted->a == b && parted->b == a)) return parted;
    }
    return NULL;
}

bool sim_machines_are_parted(const struct sim_machine *a, const struct sim_machine *b) {
    return parted_find(a, b);
}

static void parted_free(struct parted *parted) {
    list_remove(&parted->in_world);
    free(parted);
}

void sim_network_part(struct sim_machine *a, struct sim_machine *b, bool is_parted) {
    struct parted *parted = parted_find(a, b);
    if (parted && !is_parted) parted_free(parted);
    if (parted || !is_parted) return;
    parted = sim_alloc(sizeof *parted);
    *parted = (struct parted){.a = a, .b = b};
    list_append(&a->world->parted, &parted->in_world);
}

void sim_parted_free(struct sim_world *world) {
    LIST_EACH(&world->parted, parted, struct parted, in_world) parted_free(parted);
}

static bool machine_has(const struct sim_machine *machine, const char *address) {
    for (size_t i = 0; i < machine->address_count; i++)
        if (text_equal(machine->addresses[i], address)) return true;
    return false;
}

static struct sim_machine *machine_at(struct sim_machine *from, const char *address) {
    if (is_loopback(address)) return from;
    LIST_EACH(&from->world->machines, machine, struct sim_machine, in_world) {
        if (machine_has(machine, address)) return machine;
    }
    return NULL;
}

static bool port_covers(const struct sim_port *port, const char *address) {
    if (text_equal(port->address, "::")) return true;
    if (text_equal(port->address, "0.0.0.0")) return !is_ipv6(address);
    return text_equal(port->address, address);
}

static struct sim_port *port_at(struct sim_machine *machine, const char *address, uint16_t number) {
    LIST_EACH(&machine->ports, port, struct sim_port, in_machine) {
        if (port->port == number && port_covers(port, address)) return port;
    }
    return NULL;
}

static void peer_set(struct peer *peer, const char *address, uint16_t port) {
    (void)snprintf(peer->address, sizeof peer->address, "%s", address);
    peer->port = port;
    peer->is_loopback = is_loopback(address);
}

/* One of those who accept from the port. */
static struct sim_listener *choose_listener(struct sim_port *port) {
    struct sim_listener *chosen = NULL;
    uint64_t count = 0;
    LIST_EACH(&port->listeners, listener, struct sim_listener, in_port) {
        if (sim_world_random(port->machine->world, ++count) == 0) chosen = listener;
    }
    return chosen;
}

static void port_offer(struct sim_port *port) {
    struct sim_world *world = port->machine->world;
    struct sim_listener *listener = list_empty(&port->backlog) ? NULL : choose_listener(port);
    if (!listener || sim_event_is_set(&listener->accept)) return;
    sim_event_set(world, &listener->accept, sim_random_between(world, 1, ACCEPT_US_MAX));
}

static void port_released(struct sim_object *object) {
    struct sim_port *port = CONTAINER_OF(object, struct sim_port, object);
    while (!list_empty(&port->backlog)) {
        struct sim_side *side = LIST_FIRST(&port->backlog, struct sim_side, in_backlog);
        list_remove(&side->in_backlog);
        sim_object_release(&side->object);
    }
    list_remove(&port->in_machine);
    free(port->address);
    free(port);
}

int sim_listen_open(struct env *env, const struct listen_request *request, struct handle *handle) {
    struct sim_process *process = sim_process_of(env);
    struct sim_machine *machine = process->machine;
    const char *address = request->address;
    if (env->is_dead) return -ECANCELED;
    if (sim_descriptors_are_out(process)) return -EMFILE;
    bool is_any = text_equal(address, "::") || text_equal(address, "0.0.0.0");
    if (!is_any && machine_at(machine, address) != machine) return -EADDRNOTAVAIL;
    if (port_at(machine, address, request->port)) return -EADDRINUSE;
    struct sim_port *port = sim_alloc(sizeof *port);
    *port = (struct sim_port){.machine = machine, .address = sim_copy_text(address), .port = request->port};
    sim_object_init(&port->object, port_released);
    list_init(&port->backlog);
    list_init(&port->listeners);
    list_append(&machine->ports, &port->in_machine);
    *handle = sim_handle_of(sim_descriptor_new(process, &port->object));
    return 0;
}

/* The connecting side hears the answer. */
static void answer_arrives(struct sim_link *link) {
    struct sim_side *side = &link->sides[0];
    if (link->answer) side->error = link->answer;
    if (!side->error) link->state = LINK_OPEN;
    sim_side_changed(side, 0);
}

static bool goes_unanswered(struct sim_link *link) {
    const struct sim_network *network = &link->world->network;
    struct sim_machine *to = link->sides[1].machine;
    return to->is_off || sim_machines_are_parted(link->sides[0].machine, to) ||
           (!link->is_local && sim_world_chance(link->world, network->silence_chance));
}

static int port_take(struct sim_link *link) {
    struct sim_side *side = &link->sides[1];
    struct sim_port *port = port_at(side->machine, link->address, link->port);
    if (!port || sim_world_chance(link->world, link->world->network.refuse_chance)) return -ECONNREFUSED;
    sim_side_open(side);
    list_append(&port->backlog, &side->in_backlog);
    port_offer(port);
    return 0;
}

static void connect_progress(struct sim_event *event) {
    struct sim_link *link = CONTAINER_OF(event, struct sim_link, progress);
    if (link->state == LINK_ANSWERED) {
        answer_arrives(link);
        return;
    }
    if (link->sides[0].is_closed) {
        sim_link_free(link);
        return;
    }
    int64_t delay_us = sim_link_latency_us(link);
    link->state = LINK_ANSWERED;
    /* Broken meanwhile: nobody hears of it. */
    if (link->sides[0].error) return;
    if (goes_unanswered(link)) {
        link->answer = -ETIMEDOUT;
        delay_us = SILENCE_US;
    } else {
        link->answer = port_take(link);
    }
    sim_note(link->world, TRACE_CONNECT, (uint64_t)-link->answer, link->port);
    /* Nothing overtakes the answer. */
    link->sides[0].last_arrival_us = link->world->now_us + delay_us;
    sim_event_set(link->world, &link->progress, delay_us);
}

static uint16_t next_port(struct sim_world *world) {
    uint16_t port = world->next_port;
    world->next_port = port == UINT16_MAX ? PORT_FIRST : (uint16_t)(port + 1);
    return port;
}

/* The address that a connection to this one comes from, or NULL. */
static const char *source_for(const struct sim_machine *from, const char *address) {
    if (is_loopback(address)) return is_ipv6(address) ? "::1" : "127.0.0.1";
    for (size_t i = 0; i < from->address_count; i++)
        if (is_ipv6(from->addresses[i]) == is_ipv6(address)) return from->addresses[i];
    return NULL;
}

int sim_connect_start(struct env *env, const struct connect_request *request, struct stream **stream) {
    struct sim_process *process = sim_process_of(env);
    if (env->is_dead) return -ECANCELED;
    if (sim_descriptors_are_out(process)) return -EMFILE;
    struct sim_machine *to = machine_at(process->machine, request->address);
    const char *source = source_for(process->machine, request->address);
    if (!to || !source) return -ENETUNREACH;
    if (request->source && machine_at(process->machine, request->source) != process->machine)
        return -EADDRNOTAVAIL;
    if (request->source) source = request->source;
    struct sim_link *link = sim_link_new(process->machine, to, false);
    (void)snprintf(link->address, sizeof link->address, "%s", request->address);
    link->port = request->port;
    peer_set(&link->sides[0].peer, request->address, request->port);
    peer_set(&link->sides[1].peer, source, next_port(link->world));
    sim_side_open(&link->sides[0]);
    sim_event_init(&link->progress, connect_progress);
    sim_event_set(link->world, &link->progress, sim_link_latency_us(link));
    *stream = sim_stream_adopt(env, sim_handle_of(sim_descriptor_new(process, &link->sides[0].object)));
    return 0;
}

int sim_pair_open(struct env *env, struct handle pair[2]) {
    struct sim_process *process = sim_process_of(env);
    if (env->is_dead) return -ECANCELED;
    if (sim_descriptors_are_out(process)) return -EMFILE;
    struct sim_link *link = sim_link_new(process->machine, process->machine, true);
    link->state = LINK_OPEN;
    for (size_t i = 0; i < 2; i++) {
        link->sides[i].peer.is_loopback = true;
        sim_side_open(&link->sides[i]);
        pair[i] = sim_handle_of(sim_descriptor_new(process, &link->sides[i].object));
    }
    return 0;
}

static struct sim_port *port_of(struct sim_listener *l) {
    if (!l->descriptor->object) return NULL;
    ASSERT(l->descriptor->object->released == port_released);
    return CONTAINER_OF(l->descriptor->object, struct sim_port, object);
}

static void listener_accepts(struct sim_event *event) {
    struct sim_listener *l = CONTAINER_OF(event, struct sim_listener, accept);
    struct sim_process *process = sim_process_of(l->listener.env);
    struct sim_port *port = port_of(l);
    if (!port || list_empty(&port->backlog)) return;
    if (sim_descriptors_are_out(process)) {
        sim_event_set(process->machine->world, event, ACCEPT_PAUSE_US);
        return;
    }
    struct sim_side *side = LIST_FIRST(&port->backlog, struct sim_side, in_backlog);
    list_remove(&side->in_backlog);
    port_offer(port);
    struct handle handle = sim_handle_of(sim_descriptor_new(process, &side->object));
    l->listener.on_accept(l->listener.context, sim_stream_adopt(l->listener.env, handle));
}

static void sim_listener_close(struct listener *listener) {
    struct sim_listener *l = CONTAINER_OF(listener, struct sim_listener, listener);
    struct sim_port *port = port_of(l);
    sim_event_cancel(sim_world_of(listener->env), &l->accept);
    list_remove(&l->in_port);
    list_remove(&l->in_process);
    if (port) port_offer(port);
    sim_descriptor_close(l->descriptor);
    free(l);
}

struct listener *sim_listener_adopt(struct env *env, struct handle handle) {
    struct sim_listener *l = sim_alloc(sizeof *l);
    l->listener.env = env;
    l->listener.close = sim_listener_close;
    l->descriptor = sim_descriptor_of(handle);
    ASSERT(l->descriptor && &l->descriptor->process->env == env);
    sim_event_init(&l->accept, listener_accepts);
    list_init(&l->in_port);
    list_append(&sim_process_of(env)->listeners, &l->in_process);
    struct sim_port *port = port_of(l);
    if (port) {
        list_append(&port->listeners, &l->in_port);
        port_offer(port);
    }
    return &l->listener;
}

void sim_listeners_cut(struct sim_process *process) {
    LIST_EACH(&process->listeners, l, struct sim_listener, in_process) {
        struct sim_port *port = port_of(l);
        sim_event_cancel(process->machine->world, &l->accept);
        list_remove(&l->in_port);
        if (port) port_offer(port);
    }
}

void sim_listeners_free(struct sim_process *process) {
    LIST_EACH(&process->listeners, l, struct sim_listener, in_process) sim_listener_close(&l->listener);
}
