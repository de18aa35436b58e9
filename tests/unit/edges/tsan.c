/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* For ThreadSanitizer, which calls this by name. GLib and libvirt are not built for it: GLib's
 * locks are futexes that it does not see, so what these two do between threads of their own looks
 * like a race. Our own accesses, and our locks, it sees all. */

const char *__tsan_default_suppressions(void);

const char *__tsan_default_suppressions(void) {
        return "called_from_lib:libglib-2.0.so\n"
               "called_from_lib:libvirt.so\n"
               "called_from_lib:libxml2.so\n";
}
