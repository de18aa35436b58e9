/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A stream of numbered packets into a guest, and which of them arrive.
 *
 *   stream sink PORT                     in the guest
 *   stream send ADDRESS PORT RATE FILE   outside, RATE packets a second until standard input ends
 *
 * FILE then has "start REALTIME_US", a line "got FIRST LAST" for each run of packets that arrived,
 * and "sent COUNT RATE".
 *
 * The sink answers each ANSWER_EVERY-th packet, and says something ten times a second when nothing
 * comes, as a receiver of TCP or of a call would: so switches learn where the guest is now.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PACKETS_MAX   (1u << 20)
#define ANSWER_EVERY  10
#define BEAT_MSEC     100
#define RUNS_MAX      100 /* in a report */
#define ASK_MSEC      500
#define ASKS_MAX      20
#define RECEIVE_BYTES (8 << 20)
#define NSEC          INT64_C(1000000000)

typedef enum Kind {
        DATA,
        ASK,
        REPORT,
        ANSWER
} Kind;

typedef struct Packet {
        uint32_t kind, stream, number; /* of ASK and REPORT: where the report begins */
        uint32_t more[13];
} Packet;

typedef struct Run {
        uint32_t first, last;
} Run;

typedef struct Report {
        Packet head;
        Run runs[RUNS_MAX];
} Report;

static void die(const char *what) {
        perror(what);
        exit(1);
}

static int64_t clock_nsec(clockid_t clock) {
        struct timespec time;

        (void)clock_gettime(clock, &time);
        return time.tv_sec * NSEC + time.tv_nsec;
}

/* The sink ------------------------------------------------------------------------- */

static uint8_t got[PACKETS_MAX / 8];
static uint32_t end; /* behind the last that came */

static bool has(uint32_t number) {
        return got[number / 8] & 1u << number % 8;
}

static size_t write_report(Report *report) {
        uint32_t at = report->head.number;
        size_t n = 0;

        while (n < RUNS_MAX) {
                while (at < end && !has(at))
                        at++;
                if (at >= end)
                        break;
                report->runs[n].first = at;
                while (at < end && has(at))
                        at++;
                report->runs[n++].last = at - 1;
        }
        return sizeof(report->head) + n * sizeof(Run);
}

static void note(const Packet *packet) {
        static uint32_t stream;

        if (packet->stream != stream) {
                memset(got, 0, sizeof(got));
                stream = packet->stream;
                end = 0;
        }
        if (packet->number >= PACKETS_MAX)
                return;
        got[packet->number / 8] |= (uint8_t)(1u << packet->number % 8);
        if (packet->number >= end)
                end = packet->number + 1;
}

typedef struct Peer {
        struct sockaddr_in address;
        socklen_t size; /* 0: nobody has sent anything yet */
} Peer;

static void tell(int fd, const Peer *peer, const void *data, size_t size) {
        if (peer->size > 0)
                (void)sendto(fd, data, size, 0, (const struct sockaddr *)&peer->address,
                             peer->size);
}

static void take(int fd, Peer *peer) {
        static unsigned count;
        Report report;
        ssize_t size;

        peer->size = sizeof(peer->address);
        size = recvfrom(fd, &report.head, sizeof(report.head), 0, (struct sockaddr *)&peer->address,
                        &peer->size);
        if (size < (ssize_t)sizeof(report.head))
                return;

        if (report.head.kind == ASK) {
                report.head.kind = REPORT;
                tell(fd, peer, &report, write_report(&report));
        } else if (report.head.kind == DATA) {
                note(&report.head);
                report.head.kind = ANSWER;
                if (++count % ANSWER_EVERY == 0)
                        tell(fd, peer, &report.head, sizeof(report.head));
        }
}

static void run_sink(int port) {
        struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        const Packet beat = { .kind = ANSWER };
        int fd = socket(AF_INET, SOCK_DGRAM, 0), bytes = RECEIVE_BYTES;
        struct pollfd wait = { .fd = fd, .events = POLLIN };
        Peer peer = { 0 };

        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
        if (bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0)
                die("bind");

        for (;;) {
                if (poll(&wait, 1, BEAT_MSEC) > 0)
                        take(fd, &peer);
                else
                        tell(fd, &peer, &beat, sizeof(beat));
        }
}

/* The sender ----------------------------------------------------------------------- */

/* False when standard input has ended. */
static bool wait_until(int64_t due, int fd) {
        struct pollfd wait[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                                 { .fd = fd, .events = POLLIN } };
        int64_t left;
        Report answer;

        while ((left = due - clock_nsec(CLOCK_MONOTONIC)) > 0) {
                struct timespec time = { .tv_sec = left / NSEC, .tv_nsec = left % NSEC };

                (void)ppoll(wait, 2, &time, NULL);
                if (wait[0].revents)
                        return false;
                if (wait[1].revents)
                        (void)recv(fd, &answer, sizeof(answer), MSG_DONTWAIT);
        }
        return true;
}

static uint32_t send_stream(int fd, uint32_t stream, unsigned rate) {
        int64_t start = clock_nsec(CLOCK_MONOTONIC);
        Packet packet = { .kind = DATA, .stream = stream };

        for (; packet.number < PACKETS_MAX; packet.number++) {
                if (!wait_until(start + packet.number * NSEC / rate, fd))
                        break;
                (void)send(fd, &packet, sizeof(packet), 0); /* lost on the way is lost, too */
        }
        return packet.number;
}

/* The number of runs, negative when no answer comes. */
static int ask(int fd, uint32_t from, Report *report) {
        const Packet question = { .kind = ASK, .number = from };
        int64_t until = clock_nsec(CLOCK_MONOTONIC) + ASK_MSEC * (NSEC / 1000);
        struct pollfd wait = { .fd = fd, .events = POLLIN };

        (void)send(fd, &question, sizeof(question), 0);
        while (clock_nsec(CLOCK_MONOTONIC) < until && poll(&wait, 1, ASK_MSEC) > 0) {
                ssize_t size = recv(fd, report, sizeof(*report), 0);

                if (size >= (ssize_t)sizeof(report->head) && report->head.kind == REPORT &&
                    report->head.number == from)
                        return (int)(((size_t)size - sizeof(report->head)) / sizeof(Run));
        }
        return -1;
}

static void write_runs(int fd, FILE *file) {
        int n = RUNS_MAX, asked = 0;
        uint32_t from = 0;
        Report report;

        while (n == RUNS_MAX) {
                n = ask(fd, from, &report);
                if (n < 0 && ++asked < ASKS_MAX) {
                        n = RUNS_MAX;
                        continue;
                }
                if (n < 0) {
                        fprintf(stderr, "stream: the sink does not answer\n");
                        exit(1);
                }
                for (int i = 0; i < n; i++) {
                        fprintf(file, "got %u %u\n", report.runs[i].first, report.runs[i].last);
                        from = report.runs[i].last + 1;
                }
        }
}

static int run_sender(const char *address, int port, unsigned rate, const char *path) {
        struct sockaddr_in there = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
        int64_t start = clock_nsec(CLOCK_REALTIME) / 1000;
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        FILE *file = fopen(path, "w");
        uint32_t sent;

        if (!file)
                die(path);
        if (inet_pton(AF_INET, address, &there.sin_addr) != 1 ||
            connect(fd, (struct sockaddr *)&there, sizeof(there)) < 0)
                die(address);

        sent = send_stream(fd, (uint32_t)start | 1, rate);
        fprintf(file, "start %lld\n", (long long)start);
        write_runs(fd, file);
        fprintf(file, "sent %u %u\n", sent, rate);
        if (fclose(file) != 0)
                die(path);
        return 0;
}

int main(int argc, char **argv) {
        if (argc == 3 && strcmp(argv[1], "sink") == 0)
                run_sink(atoi(argv[2]));
        if (argc == 6 && strcmp(argv[1], "send") == 0 && atoi(argv[4]) > 0)
                return run_sender(argv[2], atoi(argv[3]), (unsigned)atoi(argv[4]), argv[5]);

        fprintf(stderr, "usage: stream sink PORT | stream send ADDRESS PORT RATE FILE\n");
        return 2;
}
