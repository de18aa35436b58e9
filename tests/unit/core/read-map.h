/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/core/resource-map.h"
#include "tests/lib/fake-root.h"

/* What a made-up host could share out, with nothing configured and nothing leased. */
ResourceMap *read_map(FakeRoot *root);
