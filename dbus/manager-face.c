/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hook-slice.h"
#include "dbus/face.h"
#include "dbus/slice-face.h"

/* org.virtferry1.Manager, at /org/virtferry1. */

#define ACTION_RESCAN        FERRY_BUS_NAME ".rescan"
#define ACTION_MANAGE_LEASES FERRY_BUS_NAME ".manage-leases"

/* Questions ----------------------------------------------------------------------- */

static int append_answers(sd_bus_message *reply, const GPtrArray *answers,
                          const GError *slice_refusal) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sbssbssss)");
        for (guint i = 0; r >= 0 && i < answers->len; i++) {
                const Answer *answer = answers->pdata[i];

                r = sd_bus_message_append(reply, "(sbssbssss)", answer->name, answer->ok,
                                          answer->device->source, answer->source, answer->make,
                                          answer->class_name, answer->type, answer->pool,
                                          answer->reason);
        }
        if (r >= 0 && slice_refusal)
                r = sd_bus_message_append(reply, "(sbssbssss)", "slice", false, "", "", false, "",
                                          "", "", slice_refusal->message);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* CheckDomain(s xml) -> (s domain, a(sbssbssss) answers) */
static int method_check_domain(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GPtrArray) answers = NULL;
        g_autoptr(Domain) domain = NULL;
        g_autoptr(GError) error = NULL;
        g_autofree char *fitted = NULL;
        Faces *faces = userdata;
        const char *xml;
        int r;

        r = sd_bus_message_read(m, "s", &xml);
        if (r < 0)
                return r;

        answers = manager_check_domain(faces->manager, xml, &domain, &error);
        if (!answers)
                return bus_error_from_gerror(reterr, error);

        fitted = hook_slice_preview(faces->manager, domain, xml, answers, &error);

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;

        r = sd_bus_message_append(reply, "s", domain->name);
        if (r < 0)
                return r;

        r = append_answers(reply, answers, error);
        if (r < 0)
                return r;

        return sd_bus_send(NULL, reply, NULL);
}

/* CheckHost() -> (a(sss) findings) */
static int method_check_host(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GPtrArray) findings = NULL;
        Faces *faces = userdata;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;

        findings = host_check(faces->manager, faces->host);
        r = face_append_findings(reply, findings);
        if (r < 0)
                return r;

        return sd_bus_send(NULL, reply, NULL);
}

/* GetDevice(s id) -> (o path) */
static int method_get_device(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autofree char *path = NULL;
        Faces *faces = userdata;
        const char *id;
        int r;

        r = sd_bus_message_read(m, "s", &id);
        if (r < 0)
                return r;

        if (!inventory_find(faces->manager->inventory, id))
                return sd_bus_error_setf(
                        reterr, FERRY_ERROR_PREFIX "NotFound",
                        "This host has no device '%s' that a guest could be given: "
                        "'virt-ferry devices' lists those it has",
                        id);

        path = bus_path_encode(FERRY_OBJECT_DEVICE, id);
        return sd_bus_reply_method_return(m, "o", path);
}

/* ListOffers() -> (a(ssssus) offers) */
static int method_list_offers(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(sd_bus_message) reply = NULL;
        g_autoptr(GArray) offers = NULL;
        Faces *faces = userdata;
        int r;

        r = sd_bus_message_new_method_return(m, &reply);
        if (r < 0)
                return r;

        offers = inventory_offers(faces->manager->inventory);
        r = sd_bus_message_open_container(reply, 'a', "(ssssus)");
        for (guint i = 0; r >= 0 && i < offers->len; i++) {
                const Offer *offer = &g_array_index(offers, Offer, i);

                r = sd_bus_message_append(reply, "(ssssus)", offer->class->name, offer->parent->id,
                                          offer->type->id, offer->type->name,
                                          offer->type->available, offer->pool->name);
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r < 0)
                return r;

        return sd_bus_send(NULL, reply, NULL);
}

/* Changes ------------------------------------------------------------------------- */

/* Rescan() */
static int method_rescan(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        Faces *faces = userdata;
        int r;

        r = authorize(faces->authorizer, m, ACTION_RESCAN, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        r = inventory_scan(faces->manager->inventory);
        if (r < 0)
                return sd_bus_error_setf(reterr, SD_BUS_ERROR_FAILED,
                                         "The devices of this host cannot be read: %s",
                                         g_strerror(-r));

        slices_on_host_changed(faces->manager->slices);
        return sd_bus_reply_method_return(m, NULL);
}

/* ReleaseLease(s id) */
static int method_release_lease(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        g_autoptr(GError) error = NULL;
        Faces *faces = userdata;
        const char *id;
        int r;

        r = sd_bus_message_read(m, "s", &id);
        if (r < 0)
                return r;

        r = authorize(faces->authorizer, m, ACTION_MANAGE_LEASES, reterr);
        if (r <= 0)
                return r < 0 ? r : 1;

        if (!manager_drop_lease(faces->manager, id, &error))
                return bus_error_from_gerror(reterr, error);

        return sd_bus_reply_method_return(m, NULL);
}

/* Properties ---------------------------------------------------------------------- */

static int property_get_version(sd_bus *bus, const char *path, const char *interface,
                                const char *property, sd_bus_message *reply, void *userdata,
                                sd_bus_error *reterr) {
        return sd_bus_message_append(reply, "s", FERRY_VERSION);
}

static int property_get_libvirt_connected(sd_bus *bus, const char *path, const char *interface,
                                          const char *property, sd_bus_message *reply,
                                          void *userdata, sd_bus_error *reterr) {
        const Faces *faces = userdata;

        return sd_bus_message_append(reply, "b", faces->manager->libvirt_known);
}

static int property_get_adopt(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *reterr) {
        const Faces *faces = userdata;

        return sd_bus_message_append(reply, "b", faces->manager->config->adopt);
}

static int property_get_lease_timeout(sd_bus *bus, const char *path, const char *interface,
                                      const char *property, sd_bus_message *reply, void *userdata,
                                      sd_bus_error *reterr) {
        const Faces *faces = userdata;

        return sd_bus_message_append(reply, "t", faces->manager->config->lease_timeout_usec);
}

static int property_get_pools(sd_bus *bus, const char *path, const char *interface,
                              const char *property, sd_bus_message *reply, void *userdata,
                              sd_bus_error *reterr) {
        const Faces *faces = userdata;
        const GPtrArray *pools = faces->manager->config->pools;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (guint i = 0; r >= 0 && i < pools->len; i++)
                r = sd_bus_message_append(reply, "s", ((Pool *)pools->pdata[i])->name);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

#define CONST   SD_BUS_VTABLE_PROPERTY_CONST
#define CHANGES SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE

/* Unprivileged: sd-bus would ask for the caller's privileges and wait for the answer. */
#define FREE SD_BUS_VTABLE_UNPRIVILEGED

static const sd_bus_vtable vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("CheckDomain", SD_BUS_ARGS("s", xml),
                                SD_BUS_RESULT("s", domain, "a(sbssbssss)", answers),
                                method_check_domain, FREE),
        SD_BUS_METHOD_WITH_ARGS("CheckGuest", SD_BUS_ARGS("s", domain),
                                SD_BUS_RESULT("s", name, "s", xml, "a(sss)", findings),
                                manager_method_check_guest, FREE),
        SD_BUS_METHOD_WITH_ARGS("CheckArrival", SD_BUS_ARGS("s", xml),
                                SD_BUS_RESULT("a(sss)", findings), manager_method_check_arrival,
                                FREE),
        SD_BUS_METHOD_WITH_ARGS("CheckHost", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sss)", findings),
                                method_check_host, FREE),
        SD_BUS_METHOD_WITH_ARGS("ListFixes", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssss)", fixes),
                                manager_method_list_fixes, FREE),
        SD_BUS_METHOD_WITH_ARGS("Fix", SD_BUS_ARGS("s", fix), SD_BUS_RESULT("s", done),
                                manager_method_fix, FREE),
        SD_BUS_METHOD_WITH_ARGS("SaveTrialState", SD_BUS_ARGS("s", domain, "s", device),
                                SD_BUS_RESULT("s", tried, "b", good, "s", verdict, "a(ssttiss)",
                                              steps, "ay", document),
                                manager_method_save_trial_state, FREE),
        SD_BUS_METHOD_WITH_ARGS(
                "LoadTrialState", SD_BUS_ARGS("s", xml, "s", device, "ay", document),
                SD_BUS_RESULT("s", tried, "b", good, "s", verdict, "a(ssttiss)", steps),
                manager_method_load_trial_state, FREE),
        SD_BUS_METHOD_WITH_ARGS("Migrate", SD_BUS_ARGS("s", domain, "s", uri, "a{sv}", options),
                                SD_BUS_RESULT("o", migration), manager_method_migrate, FREE),
        SD_BUS_METHOD_WITH_ARGS(
                "MoveDevice", SD_BUS_ARGS("s", domain, "s", device, "s", target, "a{sv}", options),
                SD_BUS_RESULT("s", guest, "s", name, "s", from, "s", to, "t", without_usec),
                manager_method_move_device, FREE),
        SD_BUS_METHOD_WITH_ARGS("Drain", SD_BUS_ARGS("as", destinations, "a{sv}", options),
                                SD_BUS_NO_RESULT, manager_method_drain, FREE),
        SD_BUS_METHOD_WITH_ARGS("Undrain", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, manager_method_undrain,
                                FREE),
        SD_BUS_METHOD_WITH_ARGS("Rescan", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_rescan, FREE),
        SD_BUS_METHOD_WITH_ARGS("ReleaseLease", SD_BUS_ARGS("s", id), SD_BUS_NO_RESULT,
                                method_release_lease, FREE),
        SD_BUS_METHOD_WITH_ARGS("GetDevice", SD_BUS_ARGS("s", id), SD_BUS_RESULT("o", path),
                                method_get_device, FREE),
        SD_BUS_METHOD_WITH_ARGS("ListOffers", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssssus)", offers),
                                method_list_offers, FREE),
        SD_BUS_METHOD_WITH_ARGS("ListResources", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a(sssstttsa{ss})", resources),
                                manager_method_list_resources, FREE),
        SD_BUS_METHOD_WITH_ARGS("ListGuests", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssss)", guests),
                                manager_method_list_guests, FREE),
        SD_BUS_SIGNAL("GuestsChanged", NULL, 0),
        SD_BUS_METHOD_WITH_ARGS("ListHeadroom", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a(ssssttts)", headroom),
                                manager_method_list_headroom, FREE),
        SD_BUS_METHOD_WITH_ARGS("ListHosts", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("s", away, "a(sbbtsssss)", hosts),
                                manager_method_list_hosts, FREE),
        SD_BUS_METHOD_WITH_ARGS("ForgetHost", SD_BUS_ARGS("s", host), SD_BUS_NO_RESULT,
                                manager_method_forget_host, FREE),
        SD_BUS_METHOD_WITH_ARGS("GetMoveLimits", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("x", together, "x", per_host),
                                manager_method_get_move_limits, FREE),
        SD_BUS_METHOD_WITH_ARGS("SetMoveLimits", SD_BUS_ARGS("x", together, "x", per_host),
                                SD_BUS_NO_RESULT, manager_method_set_move_limits, FREE),
        SD_BUS_METHOD_WITH_ARGS("ListHostOffers", SD_BUS_ARGS("s", host),
                                SD_BUS_RESULT("a(ssxa(sssxt))", offers),
                                manager_method_list_host_offers, FREE),
        SD_BUS_METHOD_WITH_ARGS("Place", SD_BUS_ARGS("s", xml),
                                SD_BUS_RESULT("s", guest, "a(ssbssds)", hosts),
                                manager_method_place, FREE),
        SD_BUS_METHOD_WITH_ARGS(
                "Balance", SD_BUS_ARGS("a{sv}", options),
                SD_BUS_RESULT("s", here, "a(sssssdds)", moves, "b", more, "a(ss)", absent),
                manager_method_balance, FREE),
        SD_BUS_METHOD_WITH_ARGS("Promise",
                                SD_BUS_ARGS("s", domain, "a(ssx)", wishes, "a{sv}", options),
                                SD_BUS_RESULT("s", nonce), manager_method_promise, FREE),
        SD_BUS_METHOD_WITH_ARGS("Release", SD_BUS_ARGS("s", domain, "s", nonce), SD_BUS_NO_RESULT,
                                manager_method_release, FREE),
        SD_BUS_METHOD_WITH_ARGS("ListMetrics", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(ssss)", metrics),
                                manager_method_list_metrics, FREE),
        SD_BUS_METHOD_WITH_ARGS("ListUsage", SD_BUS_NO_ARGS, SD_BUS_RESULT("a(sssa{sd})", subjects),
                                manager_method_list_usage, FREE),
        SD_BUS_METHOD_WITH_ARGS(
                "GetHistory", SD_BUS_ARGS("s", kind, "s", subject, "s", metric, "x", from, "x", to),
                SD_BUS_RESULT("t", step, "a(xddd)", slots), manager_method_get_history, FREE),
        SD_BUS_METHOD_WITH_ARGS("ListForecasts", SD_BUS_ARGS("s", kind, "s", subject),
                                SD_BUS_RESULT("as", metrics), manager_method_list_forecasts, FREE),
        SD_BUS_METHOD_WITH_ARGS("Forecast",
                                SD_BUS_ARGS("s", kind, "s", subject, "s", metric, "u", horizon),
                                SD_BUS_RESULT("t", start, "u", step, "a(dddd)", bands),
                                manager_method_forecast, FREE),
        SD_BUS_METHOD_WITH_ARGS("GetPolicy", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", policy),
                                manager_method_get_policy, FREE),
        SD_BUS_METHOD_WITH_ARGS("FreezePolicy", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                                manager_method_freeze_policy, FREE),
        SD_BUS_METHOD_WITH_ARGS("ThawPolicy", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                                manager_method_thaw_policy, FREE),
        SD_BUS_METHOD_WITH_ARGS("DecideNow", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT,
                                manager_method_decide_now, FREE),
        SD_BUS_METHOD_WITH_ARGS(
                "AllocateResource", SD_BUS_ARGS("s", domain, "s", type, "t", amount, "a{sv}", qos),
                SD_BUS_RESULT("o", slice, "as", reasons), slice_method_allocate_resource, FREE),
        SD_BUS_METHOD_WITH_ARGS("DeallocateResource",
                                SD_BUS_ARGS("s", domain, "s", type, "t", amount, "a{sv}", qos),
                                SD_BUS_NO_RESULT, slice_method_deallocate_resource, FREE),
        SD_BUS_METHOD_WITH_ARGS(
                "AllocateSlice", SD_BUS_ARGS("s", domain, "s", definition, "a{sv}", options),
                SD_BUS_RESULT("o", slice, "a(sstb)", grants, "as", preempted, "as", reasons),
                slice_method_allocate, FREE),
        SD_BUS_METHOD_WITH_ARGS(
                "Defragment", SD_BUS_ARGS("a{sv}", options),
                SD_BUS_RESULT("a(osa(sasas)tuus)", steps, "as", gains, "s", obstacle),
                slice_method_defragment, FREE),
        SD_BUS_METHOD_WITH_ARGS("ListSlices", SD_BUS_NO_ARGS,
                                SD_BUS_RESULT("a(ossssa(sstb))", slices), slice_method_list, FREE),
        SD_BUS_PROPERTY("Version", "s", property_get_version, 0, CONST),
        SD_BUS_PROPERTY("LibvirtConnected", "b", property_get_libvirt_connected, 0, CHANGES),
        SD_BUS_PROPERTY("Adopt", "b", property_get_adopt, 0, CONST),
        SD_BUS_PROPERTY("LeaseTimeoutUSec", "t", property_get_lease_timeout, 0, CONST),
        SD_BUS_PROPERTY("Pools", "as", property_get_pools, 0, CONST),
        SD_BUS_PROPERTY("DrainState", "s", manager_get_drain_state, 0, CHANGES),
        SD_BUS_PROPERTY("DrainGuests", "a(sssss)", manager_get_drain_guests, 0, CHANGES),
        SD_BUS_VTABLE_END,
};

int manager_face_attach(Faces *faces) {
        return sd_bus_add_object_vtable(faces->bus, NULL, FERRY_OBJECT_ROOT,
                                        FERRY_INTERFACE_MANAGER, vtable, faces);
}
