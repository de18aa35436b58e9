/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/service.h"

#include <signal.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>

#include "daemon/names.h"
#include "nova-driver-shim/placement/allocations.h"
#include "nova-driver-shim/placement/claim-face.h"
#include "nova-driver-shim/placement/host.h"
#include "nova-driver-shim/placement/publish.h"

#define CLOSE_USEC (10 * G_USEC_PER_SEC) /* of the 15 that its unit has */

struct Service {
        sd_event *loop;
        sd_bus *bus;
        sd_event_source *bound; /* of the end */
        Api *api;
        Publisher *publisher;
        Allocations *allocations;
        ClaimFace *face;
        Host *host;
};

static bool fail(GError **error, int r, const char *what) {
        g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(-r), "%s: %s", what,
                    g_strerror(-r));
        return false;
}

static void on_published(void *userdata) {
        Service *service = userdata;
        const char *problem = publisher_problem(service->publisher);

        (void)sd_notifyf(false, "STATUS=%s%s%s",
                         publish_state_to_string(publisher_state(service->publisher)),
                         *problem ? ": " : "", problem);
        if (service->face)
                claim_face_changed(service->face);
        if (service->allocations)
                allocations_look(service->allocations);
        if (publisher_is_closed(service->publisher))
                (void)sd_event_exit(service->loop, 0);
}

static void on_host(void *userdata, HostState *state, const char *problem) {
        Service *service = userdata;

        publisher_set_host(service->publisher, state, problem);
        allocations_look(service->allocations);
}

static int on_late(sd_event_source *source, uint64_t usec, void *userdata) {
        Service *service = userdata;

        g_warning("Placement did not take in time that this host is to be left alone: what it has "
                  "of it stays as it was");
        return sd_event_exit(service->loop, 0);
}

/* A second one does not wait. */
static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *userdata) {
        Service *service = userdata;

        if (service->bound)
                return sd_event_exit(service->loop, 0);

        (void)sd_notify(false, "STOPPING=1");
        g_clear_pointer(&service->host, host_free);
        allocations_stop(service->allocations);
        (void)sd_event_add_time_relative(service->loop, &service->bound, CLOCK_MONOTONIC,
                                         CLOSE_USEC, 0, on_late, service);
        publisher_close(service->publisher);
        return 0;
}

static bool open_loop(Service *service, GError **error) {
        int r;

        r = sd_event_default(&service->loop);
        if (r >= 0)
                r = sd_event_set_watchdog(service->loop, true);
        if (r >= 0)
                r = sd_event_add_signal(service->loop, NULL, SIGTERM, on_signal, service);
        if (r >= 0)
                r = sd_event_add_signal(service->loop, NULL, SIGINT, on_signal, service);
        return r >= 0 || fail(error, r, "The event loop cannot be made");
}

static bool open_bus(Service *service, GError **error) {
        int r;

        r = sd_bus_open_system(&service->bus);
        if (r >= 0)
                r = sd_bus_set_exit_on_disconnect(service->bus, true);
        if (r >= 0)
                r = sd_bus_attach_event(service->bus, service->loop, SD_EVENT_PRIORITY_NORMAL);
        return r >= 0 || fail(error, r, "No connection to the system bus");
}

static bool open_face(Service *service, GError **error) {
        int r;

        r = claim_face_new(service->bus, service->api, service->publisher, &service->face);
        return r >= 0 ||
               fail(error, r,
                    "No name " FERRY_PLACEMENT_BUS_NAME " on the system bus; stop the other "
                    "virtferry-placement, or reload the bus to have the policy of this one");
}

Service *service_new(const Config *config, const Cloud *cloud, GError **error) {
        const PublishOptions options = { { config->id_file, config->host_name },
                                         config->check_sec };
        g_autoptr(Service) service = g_new0(Service, 1);
        int r;

        if (!open_loop(service, error) || !open_bus(service, error))
                return NULL;

        r = api_new(service->loop, cloud, &service->api);
        if (r < 0) {
                fail(error, r, "libcurl cannot be used");
                return NULL;
        }

        service->publisher = publisher_new(service->loop, service->api, &options, on_published,
                                           service);
        if (!open_face(service, error))
                return NULL;

        r = allocations_new(service->bus, service->api, service->publisher, &service->allocations);
        if (r >= 0)
                r = host_new(service->bus, on_host, service, &service->host);
        if (r < 0) {
                fail(error, r, "virtferryd cannot be followed");
                return NULL;
        }
        return g_steal_pointer(&service);
}

bool service_run(Service *service, GError **error) {
        int r;

        (void)sd_notify(false, "READY=1");
        r = sd_event_loop(service->loop);
        return r >= 0 || fail(error, r, "The event loop has failed");
}

void service_free(Service *service) {
        if (!service)
                return;

        host_free(service->host);
        allocations_free(service->allocations);
        claim_face_free(service->face);
        publisher_free(service->publisher);
        api_free(service->api);
        sd_event_source_disable_unref(service->bound);
        if (service->bus)
                sd_bus_flush_close_unref(service->bus);
        sd_event_unref(service->loop);
        g_free(service);
}
