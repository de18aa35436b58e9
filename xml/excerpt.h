/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Words of a document, fit to be quoted in a message: one line, not too long. Free it. */
char *excerpt(const char *text);
