/*
 * posthaste_power: replays the log of a run (record.h) to every prefix, makes the images that a power
 * cut there may leave (image.h), and looks at each (look.h). One failing image is made again by its
 * place: --at RECORD --mixture NAME, with the seed. README.md says more.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/fatal.h"
#include "compare.h"
#include "image.h"
#include "look.h"

enum {
    JOBS_MAX = 64,
    FAULT_BYTES = 16384,
    FAILURES_MAX = 8,
    LOOK_SECONDS_MAX = 300,
    PASSWORDS_EVERY = 64,
    TELL_SECONDS = 10,
    SPARE_BYTES = 256,
};

struct options {
    const char *log;
    const char *folder;
    const char *work;
    const char *keep;
    const char *program;
    const char *compare;
    uint64_t seed;
    /* Of each prefix, besides nothing and everything. */
    uint64_t mixtures;
    /* Images to look at; 0: all. */
    uint64_t images;
    uint64_t jobs;
    /* The real program verifies one image of so many. */
    uint64_t program_every;
    const char *forgotten;
    /* One image. */
    uint64_t record;
    enum mixture mixture;
};

/* What a process is at. */
struct shared_job {
    struct image_place place;
    /* Of the image, from 1; 0: it is not in a look. */
    uint64_t number;
    char faults[FAULT_BYTES];
};

/* Between the processes. */
struct shared {
    uint64_t done;
    uint64_t verified;
    uint64_t failed;
    struct shared_job jobs[JOBS_MAX];
};

struct replay {
    const struct options *options;
    struct shared *shared;
    struct log_file log;
    struct disk disk;
    struct ledger *ledger;
    /* What nothing-is-there was looked at with. */
    uint64_t settled;
    uint64_t promised;
    /* Called for each image. */
    void (*on_image)(struct replay *replay, const struct image_place *place);
    /* Records of each kind. */
    uint64_t kinds[RECORD_KINDS];
    /* Images so far, and one of so many is taken. */
    uint64_t number;
    uint64_t every;
    unsigned job;
    /* Images up to this one are done. */
    uint64_t after;
    /* Somebody died in it; it is only told. */
    bool is_dead;
    char folder[PATH_MAX];
    char words[PATH_MAX];
};

static uint64_t count_up(uint64_t *count) { return __atomic_add_fetch(count, 1, __ATOMIC_RELAXED); }
static uint64_t count_of(const uint64_t *count) { return __atomic_load_n(count, __ATOMIC_RELAXED); }

/* ---- one image ---- */

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

static void make_image(const struct replay *replay, const struct image_place *place, const char *folder) {
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    if (mkdir(folder, 0755)) FATAL("%s: %s", folder, strerror(errno));
    image_write(&replay->disk, place, folder);
}

static void data_folder(const struct replay *replay, const char *image, char path[PATH_MAX]) {
    if (snprintf(path, PATH_MAX, "%s/%s", image, replay->options->folder) >= PATH_MAX)
        FATAL("the path of an image is too long");
}

/* What the store says; looked at only where it dies. */
static void send_words_to(const char *path) {
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
    if (fd < 0 || dup2(fd, 2) < 0) FATAL("%s: %s", path, strerror(errno));
    (void)close(fd);
}

static int wait_for(pid_t child) {
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) FATAL("waitpid: %s", strerror(errno));
    return status;
}

/* The end of what the process said. */
static void add_words(const struct replay *replay, char *faults, const char *what, int status) {
    size_t used = strlen(faults);
    int len = snprintf(faults + used, FAULT_BYTES - used, "%s ended with %s %d:\n", what,
                       WIFSIGNALED(status) ? "signal" : "status",
                       WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    used += (size_t)len;
    int fd = open(replay->words, O_RDONLY | O_CLOEXEC);
    ssize_t got = used < FAULT_BYTES ? read(fd, faults + used, FAULT_BYTES - used - 1) : 0;
    faults[used + (got > 0 ? (size_t)got : 0)] = 0;
    (void)close(fd);
}

static void run_program(struct replay *replay, const char *data, char *faults) {
    pid_t child = fork();
    if (child == 0) {
        (void)dup2(2, 1);
        (void)alarm(LOOK_SECONDS_MAX);
        (void)execl(replay->options->program, "posthaste", "verify", "--data", data, (char *)NULL);
        _exit(4);
    }
    int status = wait_for(child);
    (void)count_up(&replay->shared->verified);
    if (status) add_words(replay, faults, "posthaste verify", status);
}

static void run_look(struct replay *replay, const struct image_place *place, const char *data, char *faults) {
    struct look look = {.ledger = replay->ledger,
                        .folder = data,
                        .checks_passwords = image_random(place, 0, 0) % PASSWORDS_EVERY == 0,
                        .faults = faults,
                        .fault_bytes = FAULT_BYTES - SPARE_BYTES};
    (void)alarm(LOOK_SECONDS_MAX);
    look_run(&look);
    (void)alarm(0);
}

static void tell_failure(struct replay *replay, const struct image_place *place, const char *faults) {
    char kept[PATH_MAX];
    (void)snprintf(kept, sizeof kept, "%s/%llu-%s", replay->options->keep, (unsigned long long)place->record,
                   mixture_name(place->mixture));
    (void)mkdir(replay->options->keep, 0755);
    make_image(replay, place, kept);
    (void)printf("FAILED seed %llu record %llu mixture %s (kept in %s)\n%s\n",
                 (unsigned long long)place->seed, (unsigned long long)place->record,
                 mixture_name(place->mixture), kept, faults);
    (void)fflush(stdout);
}

static void conclude(struct replay *replay, const struct image_place *place, const char *faults) {
    (void)count_up(&replay->shared->done);
    if (!faults[0]) return;
    (void)count_up(&replay->shared->failed);
    tell_failure(replay, place, faults);
}

/* The store may abort in a look, and the process with it: who waits for it finds in `jobs` what for. */
static void look_at(struct replay *replay, const struct image_place *place) {
    char data[PATH_MAX];
    struct shared_job *job = &replay->shared->jobs[replay->job];
    job->faults[0] = 0;
    job->place = *place;
    make_image(replay, place, replay->folder);
    data_folder(replay, replay->folder, data);
    uint64_t every = replay->options->program_every;
    if (every && replay->ledger->has_store && image_random(place, 1, 1) % every == 0)
        run_program(replay, data, job->faults);
    (void)!ftruncate(2, 0);
    job->number = replay->number;
    run_look(replay, place, data, job->faults);
    job->number = 0;
    conclude(replay, place, job->faults);
}

/* ---- all images ---- */

static void take_image(struct replay *replay, uint64_t record, enum mixture mixture) {
    struct image_place place = {replay->options->seed, record, mixture};
    if (replay->options->record && (replay->options->record != record || replay->options->mixture != mixture))
        return;
    if (replay->every > 1 && image_random(&place, 2, 2) % replay->every) return;
    replay->on_image(replay, &place);
}

/* Nothing-is-there once for each state of the disk and the ledger; the others where there is a choice. */
static void take_prefix(struct replay *replay, uint64_t record) {
    const struct options *options = replay->options;
    if (replay->settled != replay->disk.settled || replay->promised != replay->ledger->promised ||
        options->record)
        take_image(replay, record, MIXTURE_NOTHING);
    replay->settled = replay->disk.settled;
    replay->promised = replay->ledger->promised;
    if (options->forgotten[0] || disk_is_settled(&replay->disk)) return;
    take_image(replay, record, MIXTURE_EVERYTHING);
    uint64_t first = image_random(&(struct image_place){options->seed, record, 0}, 3, 3);
    uint64_t others = MIXTURES - MIXTURE_EVERYTHING - 1;
    for (uint64_t i = 0; i < others; i++)
        if (i < options->mixtures || options->record)
            take_image(replay, record, MIXTURE_EVERYTHING + 1 + (enum mixture)((first + i) % others));
}

static void replay_all(struct replay *replay) {
    struct record record = log_start();
    replay->log = log_open(replay->options->log);
    replay->ledger = calloc(1, sizeof *replay->ledger);
    if (!replay->ledger) FATAL("out of memory");
    disk_start(&replay->disk, &replay->log, slice_from_text(replay->options->forgotten));
    while (log_next(&replay->log, &record) && count_of(&replay->shared->failed) < FAILURES_MAX) {
        if (record.kind == RECORD_MARK)
            ledger_take(replay->ledger, record.data);
        else
            disk_apply(&replay->disk, &record);
        replay->kinds[record.kind]++;
        take_prefix(replay, record.number);
        if (replay->options->forgotten[0] && count_of(&replay->shared->failed)) return;
    }
}

/* ---- the jobs ---- */

static void count_image(struct replay *replay, const struct image_place *place) {
    (void)place;
    replay->number++;
}

static void take_turn(struct replay *replay, const struct image_place *place) {
    replay->number++;
    if (replay->number <= replay->after || replay->number % replay->options->jobs != replay->job) return;
    if (!replay->is_dead) {
        look_at(replay, place);
        return;
    }
    replay->is_dead = false;
    conclude(replay, place, replay->shared->jobs[replay->job].faults);
}

static void run_job(struct replay *replay) {
    replay->number = 0;
    replay->on_image = take_turn;
    (void)snprintf(replay->folder, sizeof replay->folder, "%s/image-%u", replay->options->work, replay->job);
    (void)snprintf(replay->words, sizeof replay->words, "%s/words-%u", replay->options->work, replay->job);
    send_words_to(replay->words);
    replay_all(replay);
    (void)nftw(replay->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    _exit(0);
}

static pid_t start_job(struct replay *replay, unsigned job) {
    pid_t child = fork();
    if (child < 0) FATAL("fork: %s", strerror(errno));
    replay->job = job;
    if (child == 0) run_job(replay);
    return child;
}

/* False: it ended by itself, or in something else than a look. */
static bool start_again(struct replay *replay, unsigned job, int status, pid_t *child) {
    struct shared_job *shared = &replay->shared->jobs[job];
    if (status == 0 || shared->number == 0) return false;
    (void)snprintf(replay->words, sizeof replay->words, "%s/words-%u", replay->options->work, job);
    add_words(replay, shared->faults, "the look", status);
    replay->after = shared->number - 1;
    replay->is_dead = true;
    shared->number = 0;
    *child = start_job(replay, job);
    return true;
}

static void tell_progress(const struct replay *replay, uint64_t total, time_t started) {
    (void)printf("power: %llu of %llu images, %llu failed, %lld s\n",
                 (unsigned long long)count_of(&replay->shared->done), (unsigned long long)total,
                 (unsigned long long)count_of(&replay->shared->failed), (long long)(time(NULL) - started));
    (void)fflush(stdout);
}

static unsigned job_of(const pid_t *children, uint64_t count, pid_t child) {
    unsigned job = 0;
    while (job < count && children[job] != child) job++;
    return job;
}

/* 0, or 1 where a job ended badly. */
static int run_jobs(struct replay *replay, uint64_t total) {
    pid_t children[JOBS_MAX];
    time_t started = time(NULL);
    time_t told = started;
    int result = 0;
    uint64_t left = replay->options->jobs;
    for (unsigned job = 0; job < left; job++) children[job] = start_job(replay, job);
    while (left) {
        int status = 0;
        pid_t ended = waitpid(-1, &status, WNOHANG);
        unsigned job = job_of(children, replay->options->jobs, ended);
        if (ended > 0 && !start_again(replay, job, status, &children[job])) {
            left--;
            result |= status != 0;
        }
        if (ended > 0) continue;
        (void)usleep(50000);
        if (time(NULL) - told < TELL_SECONDS) continue;
        told = time(NULL);
        tell_progress(replay, total, started);
    }
    tell_progress(replay, total, started);
    return result;
}

static uint64_t count_images(struct replay *replay) {
    replay->on_image = count_image;
    replay->number = 0;
    replay->settled = replay->promised = 0;
    memset(replay->kinds, 0, sizeof replay->kinds);
    replay_all(replay);
    return replay->number;
}

/* ---- the command line ---- */

static const struct option known[] = {
    {"log", required_argument, NULL, 'l'},
    {"folder", required_argument, NULL, 'd'},
    {"work", required_argument, NULL, 'w'},
    {"keep", required_argument, NULL, 'k'},
    {"program", required_argument, NULL, 'p'},
    {"compare", required_argument, NULL, 'c'},
    {"seed", required_argument, NULL, 's'},
    {"mixtures", required_argument, NULL, 'm'},
    {"images", required_argument, NULL, 'i'},
    {"jobs", required_argument, NULL, 'j'},
    {"program-every", required_argument, NULL, 'e'},
    {"forget", required_argument, NULL, 'f'},
    {"at", required_argument, NULL, 'a'},
    {"mixture", required_argument, NULL, 'x'},
    {NULL, 0, NULL, 0},
};

static enum mixture mixture_named(const char *name) {
    for (unsigned i = 0; i < MIXTURES; i++)
        if (strcmp(mixture_name((enum mixture)i), name) == 0) return (enum mixture)i;
    FATAL("no mixture: %s", name);
}

static uint64_t number_in(const char *text) {
    uint64_t number = 0;
    if (!slice_to_number(slice_from_text(text), INT64_MAX, &number)) FATAL("no number: %s", text);
    return number;
}

static void read_text(struct options *options, int letter, const char *text) {
    const char **const texts[] = {&options->log,     &options->folder,  &options->work,     &options->keep,
                                  &options->program, &options->compare, &options->forgotten};
    const char *place = strchr("ldwkpcf", letter);
    *texts[place - "ldwkpcf"] = text;
}

static void read_option(struct options *options, int letter, const char *text) {
    switch (letter) {
    case 's':
        options->seed = number_in(text);
        return;
    case 'm':
        options->mixtures = number_in(text);
        return;
    case 'i':
        options->images = number_in(text);
        return;
    case 'j':
        options->jobs = number_in(text);
        return;
    case 'e':
        options->program_every = number_in(text);
        return;
    case 'a':
        options->record = number_in(text);
        return;
    case 'x':
        options->mixture = mixture_named(text);
        return;
    case '?':
        exit(2);
    default:
        read_text(options, letter, text);
    }
}

static struct options read_options(int count, char **arguments) {
    struct options options = {.folder = "data",
                              .work = "/dev/shm",
                              .keep = "build/power/failed",
                              .seed = 1,
                              .mixtures = 4,
                              .jobs = 1,
                              .forgotten = ""};
    for (int letter; (letter = getopt_long(count, arguments, "", known, NULL)) != -1;)
        read_option(&options, letter, optarg);
    if (!options.log || options.jobs < 1 || options.jobs > JOBS_MAX)
        FATAL("--log is needed, and 1 to %d --jobs", JOBS_MAX);
    return options;
}

static struct shared *shared_new(void) {
    void *room = mmap(NULL, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) FATAL("mmap: %s", strerror(errno));
    return room;
}

/* With all that was asked for, the image is what the run left: the log has everything. */
static int compare_last(struct replay *replay) {
    const struct image_place place = {replay->options->seed, 0, MIXTURE_EVERYTHING};
    char image[PATH_MAX];
    char data[PATH_MAX];
    (void)snprintf(image, sizeof image, "%s/compared", replay->options->work);
    make_image(replay, &place, image);
    data_folder(replay, image, data);
    int differences = compare_folders(data, replay->options->compare);
    (void)nftw(image, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return differences;
}

static void tell_log(const struct replay *replay, uint64_t total) {
    const uint64_t *kinds = replay->kinds;
    uint64_t records = 0;
    for (unsigned kind = 0; kind < RECORD_KINDS; kind++) records += kinds[kind];
    uint64_t names = kinds[RECORD_CREATE] + kinds[RECORD_MKDIR] + kinds[RECORD_RENAME] + kinds[RECORD_UNLINK];
    (void)printf(
        "power: %llu records: %llu writes, %llu names, %llu syncs; %llu answers and looks of clients; "
        "%llu images\n",
        (unsigned long long)records, (unsigned long long)kinds[RECORD_WRITE], (unsigned long long)names,
        (unsigned long long)kinds[RECORD_SYNC_END], (unsigned long long)replay->ledger->promised,
        (unsigned long long)total);
}

int main(int count, char **arguments) {
    struct options options = read_options(count, arguments);
    struct replay replay = {.options = &options, .shared = shared_new(), .every = 1};
    uint64_t total = count_images(&replay);
    if (options.compare) return compare_last(&replay) ? 1 : 0;
    if (options.images && total > options.images) {
        replay.every = total / options.images;
        total = count_images(&replay);
    }
    tell_log(&replay, total);
    if (options.record) options.jobs = 1;
    replay.settled = replay.promised = 0;
    int result = run_jobs(&replay, total);
    const struct shared *shared = replay.shared;
    (void)printf("power: %llu images looked at, %llu of them also by posthaste verify, %llu failed\n",
                 (unsigned long long)shared->done, (unsigned long long)shared->verified,
                 (unsigned long long)shared->failed);
    return result || shared->failed || shared->done == 0 ? 1 : 0;
}
