/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* How long a guest was cut off, as its own packets tell: the source notes when
 * the last one went through the guest's taps and VFs, the destination when the
 * first did. QEMU's downtime knows nothing of a network that is still to find
 * its way.
 *
 * Counters are looked at every TRAFFIC_SAMPLE_MSEC, and only while a guest of
 * ours moves, since nobody tells when a packet has gone through: the source
 * during pre-copy, since it cannot know when that ends; the destination from
 * when QEMU waits there until the first packet, or a while. One thread; belongs
 * to the manager, which an edge reminds of the time.
 */

#include "daemon/manager.h"

#define TRAFFIC_SAMPLE_MSEC 10

Traffic *traffic_new(Manager *manager);
/* For tests: another CLOCK_MONOTONIC, in microseconds, for what a look costs. */
void traffic_set_stopwatch(Traffic *traffic, int64_t (*stopwatch)(void));
void traffic_free(Traffic *traffic);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Traffic, traffic_free)

/* After the manager has followed it. */
void traffic_on_guest_event(Traffic *traffic, const GuestEvent *event);
/* Whether traffic_sample() is to be called. */
bool traffic_is_sampling(const Traffic *traffic);
void traffic_sample(Traffic *traffic);
