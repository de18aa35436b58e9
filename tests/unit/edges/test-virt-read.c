/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/edges/virt-read.h"

typedef struct Params {
        virTypedParameterPtr list;
        int n, max;
} Params;

static void params_done(Params *params) {
        virTypedParamsFree(params->list, params->n);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Params, params_done)

static void add_number(Params *params, const char *name, unsigned long long value) {
        g_assert_cmpint(
                virTypedParamsAddULLong(&params->list, &params->n, &params->max, name, value), ==,
                0);
}

static void add_operation(Params *params, int operation) {
        g_assert_cmpint(virTypedParamsAddInt(&params->list, &params->n, &params->max,
                                             VIR_DOMAIN_JOB_OPERATION, operation),
                        ==, 0);
}

static void test_a_migration_has_its_figures(void) {
        g_auto(Params) params = { 0 };
        g_autoptr(GuestJob) job = NULL;

        add_operation(&params, VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT);
        add_number(&params, VIR_DOMAIN_JOB_TIME_ELAPSED, 29000);
        add_number(&params, VIR_DOMAIN_JOB_DOWNTIME, 655);
        add_number(&params, VIR_DOMAIN_JOB_MEMORY_TOTAL, 134217728);
        add_number(&params, VIR_DOMAIN_JOB_MEMORY_PROCESSED, 76546048);
        add_number(&params, VIR_DOMAIN_JOB_MEMORY_REMAINING, 4096);
        add_number(&params, VIR_DOMAIN_JOB_MEMORY_ITERATION, 3);
        add_number(&params, "vfio_data_transferred", 4711); /* libvirt 10.6 and later */

        job = virt_job_from_params(params.list, params.n);
        g_assert_nonnull(job);
        g_assert_true(job->success);
        g_assert_cmpint(job->total_ms, ==, 29000);
        g_assert_cmpint(job->downtime_ms, ==, 655);
        g_assert_cmpuint(job->memory_total, ==, 134217728);
        g_assert_cmpuint(job->memory_bytes, ==, 76546048);
        g_assert_cmpuint(job->memory_remaining, ==, 4096);
        g_assert_cmpuint(job->vfio_bytes, ==, 4711);
        g_assert_cmpuint(job->iteration, ==, 3);
        g_assert_null(job->error);
}

static void test_what_libvirt_does_not_tell_is_not_known(void) {
        g_auto(Params) params = { 0 };
        g_autoptr(GuestJob) job = NULL;

        add_operation(&params, VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT);
        job = virt_job_from_params(params.list, params.n);
        g_assert_cmpint(job->downtime_ms, ==, -1);
        g_assert_cmpint(job->total_ms, ==, -1);
        g_assert_cmpuint(job->vfio_bytes, ==, 0);
}

static void test_a_failure_has_its_words(void) {
        g_auto(Params) params = { 0 };
        g_autoptr(GuestJob) job = NULL;

        add_operation(&params, VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT);
        g_assert_cmpint(virTypedParamsAddBoolean(&params.list, &params.n, &params.max,
                                                 VIR_DOMAIN_JOB_SUCCESS, 0),
                        ==, 0);
        g_assert_cmpint(virTypedParamsAddString(&params.list, &params.n, &params.max,
                                                VIR_DOMAIN_JOB_ERRMSG, "no way"),
                        ==, 0);
        job = virt_job_from_params(params.list, params.n);
        g_assert_false(job->success);
        g_assert_cmpstr(job->error, ==, "no way");
}

static void test_other_jobs_are_no_migration(void) {
        static const int operations[] = {
                VIR_DOMAIN_JOB_OPERATION_UNKNOWN,      VIR_DOMAIN_JOB_OPERATION_START,
                VIR_DOMAIN_JOB_OPERATION_SAVE,         VIR_DOMAIN_JOB_OPERATION_RESTORE,
                VIR_DOMAIN_JOB_OPERATION_MIGRATION_IN, VIR_DOMAIN_JOB_OPERATION_DUMP,
                VIR_DOMAIN_JOB_OPERATION_BACKUP,
        };

        for (guint i = 0; i < G_N_ELEMENTS(operations); i++) {
                g_auto(Params) params = { 0 };

                add_operation(&params, operations[i]);
                g_assert_null(virt_job_from_params(params.list, params.n));
        }
        g_assert_null(virt_job_from_params(NULL, 0));
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_assert_cmpint(virInitialize(), ==, 0); /* its errors have a place for each thread */
        g_test_add_func("/virt-read/a migration has its figures", test_a_migration_has_its_figures);
        g_test_add_func("/virt-read/what libvirt does not tell is not known",
                        test_what_libvirt_does_not_tell_is_not_known);
        g_test_add_func("/virt-read/a failure has its words", test_a_failure_has_its_words);
        g_test_add_func("/virt-read/other jobs are no migration", test_other_jobs_are_no_migration);
        return g_test_run();
}
