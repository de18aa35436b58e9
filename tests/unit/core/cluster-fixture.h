/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A store in which the hosts a, b and c are alive, and a copy of it. */

#include "tests/lib/fake-etcd.h"
#include "xml/ferry-error.h"

#define HOST "{\"schema\":1}"

typedef struct Fixture {
        FakeEtcd *etcd;
        ClusterCopy *copy;
        int64_t revision;
} Fixture;

static inline void follow(Fixture *f) {
        fake_etcd_watch(f->etcd, f->copy, &f->revision, G_MAXUINT);
}

static inline void set_up(Fixture *f, gconstpointer unused) {
        f->etcd = fake_etcd_new();
        f->copy = cluster_copy_new();
        fake_etcd_put(f->etcd, "hosts/a", HOST);
        fake_etcd_put(f->etcd, "hosts/b", HOST);
        fake_etcd_put(f->etcd, "hosts/c", HOST);
        follow(f);
}

static inline void tear_down(Fixture *f, gconstpointer unused) {
        fake_etcd_free(f->etcd);
        cluster_copy_free(f->copy);
}

static inline void carry_out(Fixture *f, ClusterTransaction *transaction) {
        g_autoptr(ClusterTransaction) owned = transaction;

        g_assert_nonnull(owned);
        g_assert_true(fake_etcd_transact(f->etcd, owned));
        follow(f);
}

static inline void assert_refused(ClusterTransaction *transaction, GError **error, int code,
                                  const char *why) {
        g_autoptr(GError) owned = g_steal_pointer(error);

        g_assert_null(transaction);
        g_assert_error(owned, FERRY_ERROR, code);
        g_assert_cmpstr(owned->message, ==, why);
}
