/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who has asked for a guest and waits for the answer. Main thread. */

#include "daemon/core/virt-ops.h"

typedef struct VirtFinder VirtFinder;

VirtFinder *virt_finder_new(void);
/* Whoever still waits is told that there is no answer. */
void virt_finder_free(VirtFinder *finder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VirtFinder, virt_finder_free)

/* The number of the question, never 0. */
unsigned long virt_finder_ask(VirtFinder *finder, GuestFinder answer, void *userdata);
void virt_finder_answer(VirtFinder *finder, const GuestEvent *found);
