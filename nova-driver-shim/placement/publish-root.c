/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "nova-driver-shim/placement/publish-root.h"

#include <fcntl.h>
#include <unistd.h>

#include "nova-driver-shim/placement/uuid5.h"

#define UUID_LENGTH 36

char *publish_root_read_id(const PublishRoot *root) {
        char text[UUID_LENGTH + 1] = "";
        int fd;

        fd = open(root->id_file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return NULL;
        if (read(fd, text, UUID_LENGTH) != UUID_LENGTH)
                *text = '\0';
        (void)close(fd);
        return uuid_is_valid(text) ? g_ascii_strdown(text, -1) : NULL;
}

char *publish_root_missing(const PublishRoot *root) {
        return g_strdup_printf("Placement has no resource provider '%s': is nova-compute running, "
                               "and is that the name of its hypervisor (Name= in "
                               "virtferry-placement.conf)?",
                               root->name);
}
