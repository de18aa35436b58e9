/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One cloud of clouds.yaml: where Keystone or Placement is, and who we are there.
 *
 *   auth_type   password (default), v3password; v3applicationcredential;
 *               admin_token, none: no Keystone, and auth.endpoint is Placement's
 *   auth        auth_url, username or user_id, password, user_domain_*, project_*,
 *               application_credential_id or _name, application_credential_secret
 *   region_name, interface, placement_endpoint_override, cacert, cert, key, verify, insecure
 *
 * The rest of the file is not ours and not looked at. Wrong ones are told in one sentence: object,
 * reason, way out.
 */

#include <glib.h>
#include <stdbool.h>

#define CLOUD_ERROR (cloud_error_quark())
GQuark cloud_error_quark(void);

typedef enum CloudError {
        CLOUD_ERROR_FILE, /* not there, not to be read */
        CLOUD_ERROR_TEXT, /* not what it has to be */
} CloudError;

typedef enum CloudAuth {
        CLOUD_AUTH_PASSWORD,
        CLOUD_AUTH_APPLICATION,
        CLOUD_AUTH_TOKEN, /* always the same */
} CloudAuth;

/* Strings are NULL where the file has none. */
typedef struct Cloud {
        char *name;
        CloudAuth auth;
        char *auth_url; /* ends with /v3 */
        char *user_id, *username, *user_domain_id, *user_domain_name;
        char *project_id, *project_name, *project_domain_id, *project_domain_name;
        char *application_id, *application_name;
        char *secret;   /* password, secret of the application credential or token */
        char *endpoint; /* Placement's; NULL: as the catalog says */
        char *region, *interface;
        char *cacert, *cert, *key;
        bool insecure;
} Cloud;

/* `secret_file`, where there is one, holds the secret instead of the file (a systemd
 * credential); NULL: none. */
Cloud *cloud_read(const char *path, const char *name, const char *secret_file, GError **error);
void cloud_free(Cloud *cloud);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cloud, cloud_free)
