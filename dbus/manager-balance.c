/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/cluster/balance-world.h"
#include "daemon/cluster/cluster.h"
#include "dbus/bus-options.h"
#include "dbus/face.h"

/* Balance() of the Manager. */

#define MOVES_DEFAULT 8

typedef struct Wish {
        uint64_t moves;
} Wish;

static const BusOption options[] = {
        { "moves", "t", offsetof(Wish, moves), BALANCE_MOVES_MAX },
        { 0 },
};

static int append_moves(sd_bus_message *reply, const GPtrArray *moves) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sssssdds)");
        for (guint i = 0; r >= 0 && i < moves->len; i++) {
                const ClusterProposal *move = moves->pdata[i];

                r = sd_bus_message_append(reply, "(sssssdds)", move->domain, move->name, move->from,
                                          move->to, move->uri, move->gain, move->cost,
                                          move->sentence);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_absent(sd_bus_message *reply, const GArray *absent) {
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ss)");
        for (guint i = 0; r >= 0 && i < absent->len; i++) {
                const BalanceAbsent *one = &g_array_index(absent, BalanceAbsent, i);

                r = sd_bus_message_append(reply, "(ss)", one->host, one->why);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

typedef struct Call {
        sd_bus_message *message;
        char *here;
} Call;

static int reply_with(const Call *call, const ClusterBalance *balance) {
        g_autoptr(sd_bus_message) reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call->message, &reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", call->here);
        if (r >= 0)
                r = append_moves(reply, balance->moves);
        if (r >= 0)
                r = sd_bus_message_append(reply, "b", balance->more);
        if (r >= 0)
                r = append_absent(reply, balance->absent);
        return r < 0 ? r : sd_bus_send(NULL, reply, NULL);
}

/* A ClusterBalanced. */
static void on_balanced(void *userdata, const ClusterBalance *balance, const GError *error) {
        Call *call = userdata;
        int r;

        r = error ? bus_error_reply(call->message, error) : reply_with(call, balance);
        bus_answered(call->message, r);
        sd_bus_message_unref(call->message);
        g_free(call->here);
        g_free(call);
}

/* Balance(a{sv} options) -> (s here, a(sssssdds) moves, b more, a(ss) absent) */
int manager_method_balance(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        const Faces *faces = userdata;
        Cluster *cluster = faces->manager->cluster;
        Wish wish = { .moves = MOVES_DEFAULT };
        Call *call;
        int r;

        r = bus_options_read(m, options, &wish, reterr);
        if (r < 0)
                return r;
        if (!cluster)
                return face_refuse_alone(reterr);

        call = g_new0(Call, 1);
        call->message = sd_bus_message_ref(m);
        call->here = g_strdup(cluster_host_name(cluster));
        cluster_balance(cluster, (unsigned)wish.moves, on_balanced, call);
        return 1;
}
