/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What dbus/org.virtferry1.xml promises, so that a mock cannot promise anything else. */

#include <glib.h>
#include <stdbool.h>

typedef struct Contract Contract;

Contract *contract_load(const char *path);
void contract_free(Contract *contract);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Contract, contract_free)

/* Signatures, "" for none; NULL when there is no such member. */
const char *contract_in(const Contract *contract, const char *interface, const char *method);
const char *contract_out(const Contract *contract, const char *interface, const char *method);

/* Holds an a{sv} against the interface: every property is known and has its type; none is missing
 * unless `partial`. Fails the test. */
void contract_check_properties(const Contract *contract, const char *interface,
                               GVariant *properties, bool partial);
