/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The program: ties virtferryd's host to Placement, from the start to SIGTERM. */

#include "nova-driver-shim/placement/cloud.h"
#include "nova-driver-shim/placement/config.h"

typedef struct Service Service;

/* Borrows both. */
Service *service_new(const Config *config, const Cloud *cloud, GError **error);
/* Until SIGTERM or SIGINT, and until all is reserved after that, or 10 s are over. */
bool service_run(Service *service, GError **error);
void service_free(Service *service);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Service, service_free)
