/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A directory of a test's own, for plain files. All failures abort. */

#include <glib.h>

char *temp_folder_new(void); /* its path */
/* With the files in it; no directory may be there. Frees the path. */
void temp_folder_remove(char *folder);
