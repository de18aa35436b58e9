/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Who has how much of what, by what was acknowledged to the one who has it: knows nothing of lots,
 * documents or revisions. Aborts when more of a resource of a host is had than that has.
 */

#include <glib.h>
#include <stdint.h>

typedef struct ClusterJudge ClusterJudge;

ClusterJudge *cluster_judge_new(int64_t capacity);
void cluster_judge_free(ClusterJudge *judge);

/* By this name so much is had of it from now on; nothing when the name was dropped before. */
void cluster_judge_take(ClusterJudge *judge, const char *name, unsigned host, unsigned resource,
                        int64_t amount);
/* Nothing is had of this host by this name any more, nor will be. */
void cluster_judge_drop(ClusterJudge *judge, const char *name, unsigned host);
/* What is had now, of all. */
int64_t cluster_judge_sum(const ClusterJudge *judge);
