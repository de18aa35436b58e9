/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "guest/command.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/names.h"
#include "guest/amount.h"
#include "guest/holdings.h"

/* Between two tries: a guest that has just moved is not known yet, or the daemon starts anew. */
#define PAUSE_MSEC 200
/* So that the host does not take it for dead. */
#define PING_MSEC 60000
/* An answer comes before as many signals. */
#define OTHERS_MAX 1000

int fail(int status, const char *format, ...) {
        va_list args;

        fputs("virt-ferry-guest: ", stderr);
        va_start(args, format);
        vfprintf(stderr, format, args);
        va_end(args);
        fputc('\n', stderr);
        return status;
}

/* Reaching the host -------------------------------------------------------------------- */

/* `when` is "", or says when that was, with ": " behind it. */
static int fail_to_reach_when(const char *address, const char *when, int r) {
        if (r == -EAFNOSUPPORT || r == -ENODEV)
                return fail(EXIT_UNREACHABLE,
                            "%s: %sthis guest has no vsock: its domain needs a <vsock>, and its "
                            "kernel vmw_vsock_virtio_transport",
                            address, when);
        if (r == -ECONNRESET || r == -EPIPE)
                return fail(EXIT_UNREACHABLE,
                            "%s: %sthe host has hung up: it does not know this guest, or has heard "
                            "too much of it lately",
                            address, when);
        if (r == -EPROTO)
                return fail(EXIT_UNREACHABLE, "%s: %swhoever answers there is not virtferryd",
                            address, when);
        return fail(EXIT_UNREACHABLE,
                    "%s: %s%s: does virtferryd run on the host, and may guests ask?", address, when,
                    strerror(-r));
}

static int fail_to_reach(const char *address, int r) {
        return fail_to_reach_when(address, "", r);
}

/* 0, or the exit status. */
static int reach(Link *link, const Options *options) {
        int r = link_open(link, options->address, LINK_TIMEOUT_MSEC);

        return r < 0 ? fail_to_reach(options->address, r) : EXIT_GOOD;
}

/* Time --------------------------------------------------------------------------------- */

static int64_t now_msec(void) {
        struct timespec now = { 0 };

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* What is left until then, as a time that a link takes. */
static int time_left(int64_t until) {
        int64_t left = until - now_msec();

        return left < 1 ? 1 : left > LINK_TIMEOUT_MSEC ? LINK_TIMEOUT_MSEC : (int)left;
}

/* Calling ------------------------------------------------------------------------------ */

/* The answer to that call; what else comes is passed over, and does not begin the time anew. */
static int await(Link *link, uint32_t serial, Message *ret_answer) {
        int64_t until = now_msec() + LINK_TIMEOUT_MSEC;

        for (int i = 0; i < OTHERS_MAX; i++) {
                int r = link_receive(link, ret_answer, time_left(until));

                if (r <= 0)
                        return r < 0 ? r : -ETIMEDOUT;
                if (ret_answer->answers == serial &&
                    (ret_answer->type == MESSAGE_ANSWER || ret_answer->type == MESSAGE_ERROR))
                        return 0;
        }
        return -EPROTO;
}

static int call(Link *link, Call *message, Message *ret_answer) {
        int64_t serial = link_send(link, message);

        return serial < 0 ? (int)serial : await(link, (uint32_t)serial, ret_answer);
}

/* In the host's words. */
static int fail_as_told(Message *error) {
        const char *text = error->signature[0] == 's' ? message_get_string(error) : "";

        return fail(EXIT_NO, "%s", *text ? text : error->error);
}

/* Shows what there is. 0, or the exit status; a negative errno, of which nothing is said yet, when
 * the connection has failed. */
static int show_on(Link *link, const Options *options) {
        Holdings holdings;
        Message answer;
        Call message;
        int r;

        call_begin(&message, FERRY_INTERFACE_GUEST, "Show", "");
        r = call(link, &message, &answer);
        if (r < 0)
                return r;
        if (answer.type == MESSAGE_ERROR)
                return fail_as_told(&answer);
        if (!holdings_read(&holdings, &answer))
                return -EPROTO;

        if (options->json)
                holdings_print_json(&holdings);
        else
                holdings_print(&holdings);
        (void)fflush(stdout);
        return EXIT_GOOD;
}

int command_show(const Options *options, char *const *arguments, int n_arguments) {
        static Link link;
        int r, status = reach(&link, options);

        if (status != EXIT_GOOD)
                return status;

        r = show_on(&link, options);
        link_close(&link);
        return r < 0 ? fail_to_reach(options->address, r) : r;
}

/* Changing ----------------------------------------------------------------------------- */

/* D-Bus has UTF-8 alone, and no kind or name of ours needs even that. */
static bool is_plain(const char *text) {
        for (; *text; text++)
                if (*text <= ' ' || *text > '~')
                        return false;
        return true;
}

static int check_change(char *const *arguments, int n_arguments, uint64_t *ret_amount) {
        const char *kind = arguments[0];

        if (!is_plain(kind))
                return fail(EXIT_USAGE, "'%s' is no kind", kind);
        if (!amount_from_text(kind, arguments[1], ret_amount) || *ret_amount == 0)
                return fail(EXIT_USAGE, "'%s' is no amount of %s: it is %s", arguments[1], kind,
                            amount_is_memory(kind) ? "as in 512MiB or 4GiB" : "a number from 1 on");

        for (int i = 2; i < n_arguments; i++)
                if (!is_plain(arguments[i]) || strcspn(arguments[i], "=") == 0 ||
                    !strchr(arguments[i], '='))
                        return fail(EXIT_USAGE, "'%s' says nothing: it is as in name=nic",
                                    arguments[i]);
        return EXIT_GOOD;
}

int command_change(const Options *options, char *const *arguments, int n_arguments) {
        static Link link;
        Message answer;
        uint64_t amount;
        Call message;
        int r, status = check_change(arguments, n_arguments, &amount);

        if (status != EXIT_GOOD)
                return status;
        status = reach(&link, options);
        if (status != EXIT_GOOD)
                return status;

        call_begin(&message, FERRY_INTERFACE_GUEST, options->less ? "Release" : "Request",
                   "sta{sv}");
        call_put_string(&message, arguments[0]);
        call_put_uint64(&message, amount);
        call_put_words(&message, arguments + 2, n_arguments - 2);
        r = call(&link, &message, &answer);
        if (r < 0)
                status = fail_to_reach(options->address, r);
        else if (answer.type == MESSAGE_ERROR)
                status = fail_as_told(&answer);
        link_close(&link);
        return status;
}

/* Watching ----------------------------------------------------------------------------- */

/* A negative errno, or what is to be done: 1 show again, 0 nothing. */
static int wait_for_change(Link *link) {
        Message message;
        Call ping;
        int64_t serial;
        int r;

        r = link_receive(link, &message, PING_MSEC);
        if (r != 0)
                return r < 0 ? r
                             : message.type == MESSAGE_SIGNAL &&
                                       strcmp(message.member, "Changed") == 0;

        call_begin(&ping, "org.freedesktop.DBus.Peer", "Ping", "");
        serial = link_send(link, &ping);
        return serial < 0 ? (int)serial : 0;
}

/* As long as this connection holds: a negative errno when it does not any more, or the exit
 * status. The host that has shown something is there: `give_up_at` is nought then. */
static int watch_on(Link *link, const Options *options, int64_t *give_up_at) {
        int r = show_on(link, options);

        while (r == EXIT_GOOD) {
                *give_up_at = 0;
                r = wait_for_change(link);
                if (r > 0)
                        r = show_on(link, options);
        }
        return r;
}

/* `r`: why it is lost. Tries once at least, and until then: one that connects and shows nothing
 * does not begin it anew. */
static int reach_again(Link *link, const Options *options, int r, int64_t *give_up_at) {
        bool first = *give_up_at == 0;
        char when[64];

        if (first)
                *give_up_at = now_msec() + (int64_t)options->patience_sec * 1000;
        while (r < 0 && (first || now_msec() < *give_up_at)) {
                (void)poll(NULL, 0, PAUSE_MSEC);
                r = link_open(link, options->address, time_left(*give_up_at));
                first = false;
        }
        if (r >= 0)
                return EXIT_GOOD;

        (void)snprintf(when, sizeof(when),
                       "lost, and not back within %u seconds: ", options->patience_sec);
        return fail_to_reach_when(options->address, when, r);
}

int command_watch(const Options *options, char *const *arguments, int n_arguments) {
        static Link link;
        int64_t give_up_at = 0;
        int r, status = reach(&link, options);

        while (status == EXIT_GOOD) {
                r = watch_on(&link, options, &give_up_at);
                link_close(&link);
                if (r == -EPROTO)
                        status = fail_to_reach(options->address, r);
                else
                        status = r < 0 ? reach_again(&link, options, r, &give_up_at) : r;
        }
        return status;
}
