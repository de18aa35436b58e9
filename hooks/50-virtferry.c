/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The libvirt hook: 50-virtferry GUEST OPERATION PHASE EXTRA, the domain on
 * standard input (https://libvirt.org/hooks.html). virtferry-hook(7) has the table.
 *
 * libvirt runs it for every guest of the host and waits for it for ever, mostly
 * with the guest locked. So a guest that does not concern us costs one look at its
 * XML, and one for a file or two when it comes or starts: no call, and libsystemd, which takes
 * longer to load than all the rest, is not even opened. Everything is under one deadline. AppArmor
 * lets libvirt execute nothing but what lies in its hooks' folder: hence dlopen() and not two
 * programs.
 *
 * Includes nothing of ours but the names. What a call leaves in memory goes with the
 * process. HOOK_PATH and HOOK_DEADLINE_MSEC come from the build.
 */

#include <dlfcn.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "daemon/names.h"

#define XML_MAX         (4u * 1024 * 1024) /* the daemon takes no more either */
#define PREFIX          "virt-ferry: "
#define WAY_OUT         "start it with 'systemctl start virtferryd', or remove " HOOK_PATH
#define UNANSWERED(why) "virtferryd does not answer (" why "): " WAY_OUT

/* What we ask of the daemon, and what holds when there is no answer. */
typedef enum Request {
        REQUEST_FILTER,  /* the guest may not come: its devices are another host's */
        REQUEST_PREPARE, /* a guest with our metadata may not start: who has its device? */
        REQUEST_RELEASE, /* nothing: libvirt does not listen, and the daemon finds out by itself */
} Request;

/* The rest is none of our business. `reconnect` must never be: to fail there kills the guest. */
typedef struct Operation {
        const char *name, *phase;
        Request request;
        const char *method, *types;
} Operation;

static const Operation operations[] = {
        { "migrate", "begin", REQUEST_FILTER, "FilterDomain", "ss" },
        { "restore", "begin", REQUEST_FILTER, "FilterDomain", "ss" },
        { "prepare", "begin", REQUEST_PREPARE, "PrepareDomain", "s" },
        { "attach", "begin", REQUEST_PREPARE, "PrepareDomain", "s" },
        { "start", "begin", REQUEST_PREPARE, "StartDomain", "s" },
        { "release", "end", REQUEST_RELEASE, "ReleaseDomain", "ss" },
        { NULL },
};

static const Operation *operation_find(const char *name, const char *phase) {
        for (const Operation *o = operations; o->name; o++)
                if (strcmp(o->name, name) == 0 && strcmp(o->phase, phase) == 0)
                        return o;
        return NULL;
}

/* Says why in one line, which libvirt puts at the end of its own message, and returns `status`. */
__attribute__((format(printf, 2, 3))) static int end(int status, const char *format, ...) {
        char text[4096];
        va_list args;

        va_start(args, format);
        (void)vsnprintf(text, sizeof(text), format, args);
        va_end(args);

        for (char *p = text; *p; p++)
                if ((unsigned char)*p < ' ')
                        *p = ' ';
        fprintf(stderr, PREFIX "%s\n", text);
        return status;
}

/* What holds without an answer, and what on_deadline() says. */
static volatile sig_atomic_t unanswered_status;
static const char *volatile late_line = PREFIX "libvirt did not hand over the domain in time\n";

static void on_deadline(int unused) {
        (void)!write(STDERR_FILENO, late_line, strlen(late_line));
        _exit(unanswered_status);
}

static void deadline_start(void) {
        const struct itimerval timer = { .it_value = { HOOK_DEADLINE_MSEC / 1000,
                                                       HOOK_DEADLINE_MSEC % 1000 * 1000 } };

        (void)signal(SIGALRM, on_deadline);
        (void)setitimer(ITIMER_REAL, &timer, NULL);
}

static char xml[XML_MAX + 2]; /* a byte too much tells that it is too large; then a NUL */

static ssize_t read_xml(void) {
        ssize_t n, size = 0;

        while ((n = read(STDIN_FILENO, xml + size, XML_MAX + 1 - size)) > 0)
                size += n;
        return n < 0 ? n : size;
}

static bool has_tag(const char *start, const char *word) {
        for (const char *p = xml; (p = strstr(p, start)); p++)
                if (memmem(p, strcspn(p, ">"), word, strlen(word)))
                        return true;
        return false;
}

/* USB and SCSI devices are <hostdev> too, and never ours. */
static bool has_passthrough(void) {
        return has_tag("<hostdev", "pci") || has_tag("<hostdev", "mdev") ||
               has_tag("<interface", "hostdev");
}

/* A host that is being emptied takes no guest at all, and says why. */
static bool is_kept_out(const Operation *operation) {
        return strcmp(operation->name, "migrate") == 0 && access(FERRY_DRAINED_PATH, F_OK) == 0;
}

/* Where OpenStack places guests, they need to have claimed what they take, whatever that is. */
static bool needs_claim(const Operation *operation) {
        if (strcmp(operation->name, "migrate") != 0 && strcmp(operation->name, "prepare") != 0)
                return false;
        return access(FERRY_CLAIMS_ALL_PATH, F_OK) == 0 ||
               (strstr(xml, FERRY_NOVA_URI) && access(FERRY_CLAIMS_NOVA_PATH, F_OK) == 0);
}

static struct {
        __typeof__(sd_bus_open_system) *open_system;
        __typeof__(sd_bus_call_method) *call_method;
        __typeof__(sd_bus_message_read) *message_read;
} api;

static bool api_load(void) {
        void *library = dlopen("libsystemd.so.0", RTLD_NOW);

        return library && (api.open_system = dlsym(library, "sd_bus_open_system")) &&
               (api.call_method = dlsym(library, "sd_bus_call_method")) &&
               (api.message_read = dlsym(library, "sd_bus_message_read"));
}

/* NULL, or why there is no answer. `ret_answer` is what to tell libvirt, `ret_refused` says that
 * the words are the daemon's own. */
static const char *ask(const Operation *operation, const char *extra, const char **ret_answer,
                       bool *ret_refused) {
        const bool filter = operation->request == REQUEST_FILTER;
        static sd_bus_error error;
        static sd_bus_message *reply;
        static sd_bus *bus;
        int r;

        if (!api_load())
                return dlerror();
        if (api.open_system(&bus) < 0)
                return "the system bus cannot be reached";

        r = api.call_method(bus, FERRY_BUS_NAME, FERRY_OBJECT_ROOT, FERRY_INTERFACE_HOOK,
                            operation->method, &error, &reply, operation->types,
                            filter ? operation->name : xml, filter ? xml : extra);
        if (r >= 0 && filter)
                r = api.message_read(reply, "s", ret_answer);
        if (r >= 0)
                return NULL;

        *ret_refused = error.name &&
                       strncmp(error.name, FERRY_ERROR_PREFIX, strlen(FERRY_ERROR_PREFIX)) == 0;
        return error.message ?: strerror(-r);
}

int main(int argc, char *argv[]) {
        const Operation *operation = argc > 4 ? operation_find(argv[2], argv[3]) : NULL;
        const char *why, *answer = xml;
        bool ours, refused = false;
        ssize_t size;

        if (!operation)
                return EXIT_SUCCESS;

        unanswered_status = operation->request == REQUEST_FILTER;
        deadline_start();

        size = read_xml();
        if (size < 0)
                return end(unanswered_status, "cannot read the domain from standard input: %m");

        ours = strstr(xml, FERRY_METADATA_URI) || needs_claim(operation);
        if (!ours && !has_passthrough() && !is_kept_out(operation))
                return EXIT_SUCCESS;

        unanswered_status |= operation->request == REQUEST_PREPARE && ours;
        late_line = PREFIX UNANSWERED("not in time") "\n";
        if (size > XML_MAX)
                return end(unanswered_status, "the domain's XML is larger than 4 MiB, "
                                              "which virtferryd does not read");

        why = ask(operation, argv[4], &answer, &refused);
        if (why && refused)
                return end(operation->request != REQUEST_RELEASE, "%s", why);
        if (why)
                return end(unanswered_status, UNANSWERED("%s"), why);

        /* Not a byte where nothing changes: libvirt marks a guest whose XML a hook has written. */
        if (strcmp(answer, xml) != 0 && (fputs(answer, stdout) < 0 || fflush(stdout) != 0))
                return end(EXIT_FAILURE, "cannot hand the domain back to libvirt: %m");
        return EXIT_SUCCESS;
}
