/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* As much of HTTP/1.1 and HTTP/1.0 (RFC 9110, RFC 9112) as a page of metrics
 * takes: a request in, the head of the answer out. One request a connection; a
 * body is not read. Pure text: no sockets, no time.
 */

#include <glib.h>
#include <stdbool.h>

#define METRICS_REQUEST_MAX (8u * 1024) /* bytes, with the empty line at its end */
#define METRICS_PATH        "/metrics"

/* The status of the answer to what has come so far: 200, 400 (no request), 404, 405, 431 (too
 * long), 505. 0: the request has not come to its end. More bytes change nothing but a 0.
 * `ret_head`: no body is wanted. */
int metrics_http_read(const char *bytes, size_t size, bool *ret_head);

/* Up to and with the empty line; new. */
char *metrics_http_head(int status, size_t body_size);
/* The body of an answer that is not 200: a sentence, static. */
const char *metrics_http_sentence(int status);
