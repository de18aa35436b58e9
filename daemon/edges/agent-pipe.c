/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/agent-pipe.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "daemon/facts/fd.h"

#define CHUNK (16u * 1024)

typedef struct Flow {
        size_t sent, size;
        uint8_t data[CHUNK];
} Flow;

struct AgentPipe {
        AgentPipeEnd end;
        void *userdata;
        Fd outer, inner; /* the agent's socket, and our end of the pair with sd-bus */
        sd_event_source *outer_source, *inner_source;
        Flow in, out;
        size_t allowed;
};

static bool has_data(const Flow *flow) {
        return flow->sent < flow->size;
}

/* 0 also when there is nothing, or no room, for now. */
static int fill(Flow *flow, Fd from) {
        ssize_t n;

        if (has_data(flow))
                return 0;

        n = recv(from, flow->data, sizeof(flow->data), MSG_DONTWAIT);
        if (n == 0)
                return -ECONNRESET;
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;

        flow->sent = 0;
        flow->size = (size_t)n;
        return 0;
}

static int drain(Flow *flow, Fd to) {
        ssize_t n;

        if (!has_data(flow))
                return 0;

        n = send(to, flow->data + flow->sent, flow->size - flow->sent, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;

        flow->sent += (size_t)n;
        return 0;
}

static int take_allowance(AgentPipe *pipe) {
        if (pipe->in.size > pipe->allowed)
                return -EMSGSIZE;

        pipe->allowed -= pipe->in.size;
        return 0;
}

static uint32_t wanted(const Flow *from, const Flow *to) {
        return (has_data(from) ? 0u : EPOLLIN) | (has_data(to) ? EPOLLOUT : 0u);
}

/* The end may free the pipe. */
static int finish_turn(AgentPipe *pipe, int r) {
        if (r >= 0)
                r = sd_event_source_set_io_events(pipe->outer_source,
                                                  wanted(&pipe->in, &pipe->out));
        if (r >= 0)
                r = sd_event_source_set_io_events(pipe->inner_source,
                                                  wanted(&pipe->out, &pipe->in));
        if (r < 0)
                pipe->end(pipe->userdata, r);
        return 0;
}

static int on_outer(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        AgentPipe *pipe = userdata;
        bool waits = has_data(&pipe->in);
        int r;

        r = drain(&pipe->out, pipe->outer);
        if (r >= 0 && !waits)
                r = fill(&pipe->in, pipe->outer);
        if (r >= 0 && !waits && has_data(&pipe->in))
                r = take_allowance(pipe);
        if (r >= 0)
                r = drain(&pipe->in, pipe->inner);
        return finish_turn(pipe, r);
}

static int on_inner(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        AgentPipe *pipe = userdata;
        int r;

        r = drain(&pipe->in, pipe->inner);
        if (r >= 0)
                r = fill(&pipe->out, pipe->inner);
        if (r >= 0)
                r = drain(&pipe->out, pipe->outer);
        return finish_turn(pipe, r);
}

static int add_source(AgentPipe *pipe, sd_event *loop, Fd fd, sd_event_io_handler_t handler,
                      sd_event_source **ret_source) {
        int r;

        r = sd_event_add_io(loop, ret_source, fd, EPOLLIN, handler, pipe);
        return r < 0 ? r : sd_event_source_set_priority(*ret_source, AGENT_PRIORITY);
}

int agent_pipe_new(sd_event *loop, int fd, AgentPipeEnd end, void *userdata, int *ret_inner,
                   AgentPipe **ret_pipe) {
        g_autoptr(AgentPipe) pipe = g_new0(AgentPipe, 1);
        g_auto(Fd) theirs = -1;
        int ends[2], r;

        pipe->end = end;
        pipe->userdata = userdata;
        pipe->outer = fd;
        pipe->inner = -1;
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
                return -errno;

        pipe->inner = ends[0];
        theirs = ends[1];
        r = add_source(pipe, loop, pipe->outer, on_outer, &pipe->outer_source);
        if (r >= 0)
                r = add_source(pipe, loop, pipe->inner, on_inner, &pipe->inner_source);
        if (r < 0)
                return r;

        *ret_inner = g_steal_fd(&theirs);
        *ret_pipe = g_steal_pointer(&pipe);
        return 0;
}

void agent_pipe_free(AgentPipe *pipe) {
        if (!pipe)
                return;

        sd_event_source_disable_unref(pipe->outer_source);
        sd_event_source_disable_unref(pipe->inner_source);
        fd_close(pipe->outer);
        if (pipe->inner >= 0)
                fd_close(pipe->inner);
        g_free(pipe);
}

void agent_pipe_allow(AgentPipe *pipe, size_t bytes) {
        pipe->allowed = bytes;
}
