/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/slice.h"
#include "cli/text-file.h"
#include "xml/slice.h"

char *slice_read_file(const char *path, GError **error) {
        return text_file_read(path, SLICE_XML_MAX, "a hardware slice", error);
}

static void show(const Options *options, const char *path, const GError *wrong) {
        if (options->json)
                output_json(g_variant_new_parsed("{'Good': <%b>, 'Problem': <%s>}", !wrong,
                                                 wrong ? wrong->message : ""));
        else if (wrong)
                fprintf(stderr, "virt-ferry: %s: %s\n", path, wrong->message);
        else if (!options->no_legend)
                printf("%s is a good definition of a hardware slice.\n", path);
}

int slice_check_file(const Options *options, char *const *arguments, GError **error) {
        g_autofree char *text = slice_read_file(arguments[0], error);
        g_autoptr(GError) wrong = NULL;
        g_autoptr(Slice) slice = NULL;

        if (!text)
                return -1;

        slice = slice_from_xml(text, strlen(text), &wrong);
        show(options, arguments[0], wrong);
        return slice ? EXIT_STATUS_OK : EXIT_STATUS_NO;
}
