/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-move-params.h"

static bool is_parallel(const MoveRequest *request) {
        return request->connections > 1;
}

unsigned virt_move_flags(const MoveRequest *request) {
        unsigned flags = VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER;

        if (request->persistent)
                flags |= VIR_MIGRATE_PERSIST_DEST;
        if (request->undefine_source)
                flags |= VIR_MIGRATE_UNDEFINE_SOURCE;
        if (is_parallel(request))
                flags |= VIR_MIGRATE_PARALLEL;
        if (request->compression)
                flags |= VIR_MIGRATE_COMPRESSED;
        if (request->auto_converge)
                flags |= VIR_MIGRATE_AUTO_CONVERGE;
        return flags;
}

int virt_move_params(const MoveRequest *request, virTypedParameterPtr *params, int *n, int *max) {
        int r = 0;

        if (request->new_name)
                r = virTypedParamsAddString(params, n, max, VIR_MIGRATE_PARAM_DEST_NAME,
                                            request->new_name);
        if (r == 0 && request->bandwidth > 0)
                r = virTypedParamsAddULLong(params, n, max, VIR_MIGRATE_PARAM_BANDWIDTH,
                                            request->bandwidth);
        if (r == 0 && is_parallel(request))
                r = virTypedParamsAddInt(params, n, max, VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS,
                                         (int)request->connections);
        if (r == 0 && request->compression)
                r = virTypedParamsAddString(params, n, max, VIR_MIGRATE_PARAM_COMPRESSION,
                                            request->compression);
        return r;
}
