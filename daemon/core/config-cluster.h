/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The group [Cluster] of config.h: how this host is one of many. */

#include "daemon/core/config-reader.h"

typedef struct ClusterConfig {
        char **etcd; /* URLs; NULL: this host is by itself */
        char *name;  /* of the cluster; never NULL */
        char *host;  /* of this host among the others; NULL: as the kernel has it */
        char *uri;   /* by which others reach its libvirt; NULL: qemu+ssh://HOST/system */
        char *ca_file, *cert_file, *key_file; /* NULL: the system's, or none */
        char *user, *password_file;           /* NULL: none, or that of the certificate */
        unsigned ttl;                         /* seconds */
        unsigned share;                       /* percent of what is free, that is offered */
} ClusterConfig;

void cluster_config_init(ClusterConfig *config); /* the defaults */
void cluster_config_clear(ClusterConfig *config);
/* As config_parse(), for this group. */
bool cluster_config_parse(ClusterConfig *config, const ConfigReader *reader, const char *group,
                          GError **error);
