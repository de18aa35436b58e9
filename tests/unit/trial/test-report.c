/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/trial/report.h"
#include "xml/ferry-error.h"

static TrialReport *make_report(void) {
        TrialReport *report = trial_report_new("0000:3b:00.2");
        TrialStep *step;

        for (int kind = 0; kind < _TRIAL_STEP_KIND_MAX; kind++) {
                step = trial_report_add(report, kind);
                step->outcome = kind % _TRIAL_OUTCOME_MAX;
                step->usec = 1000u * kind;
                step->bytes = UINT64_C(1) << (6 * kind);
                step->error = step->outcome == TRIAL_FAILED ? EFAULT : 0;
                step->text = step->outcome == TRIAL_DONE ? NULL : g_strdup("words \"of\" ü");
        }
        report->verdict = g_strdup("0000:3b:00.2: so it is");
        report->good = true;
        return report;
}

static void test_each_word_is_read_again(void) {
        for (int i = 0; i < _TRIAL_STEP_KIND_MAX; i++)
                g_assert_cmpint(trial_step_kind_from_string(trial_step_kind_to_string(i)), ==, i);
        for (int i = 0; i < _TRIAL_OUTCOME_MAX; i++)
                g_assert_cmpint(trial_outcome_from_string(trial_outcome_to_string(i)), ==, i);
        g_assert_cmpint(trial_step_kind_from_string("jump"), ==, _TRIAL_STEP_KIND_INVALID);
        g_assert_cmpint(trial_outcome_from_string(NULL), ==, _TRIAL_OUTCOME_INVALID);
        g_assert_null(trial_step_kind_to_string(_TRIAL_STEP_KIND_MAX));
        g_assert_null(trial_outcome_to_string(_TRIAL_OUTCOME_MAX));
}

static void test_what_is_written_is_read(void) {
        g_autoptr(TrialReport) report = make_report(), again = NULL;
        g_autofree char *json = trial_report_to_json(report), *json_again = NULL;
        g_autoptr(GError) error = NULL;

        again = trial_report_from_json(json, strlen(json), &error);
        g_assert_no_error(error);
        json_again = trial_report_to_json(again);
        g_assert_cmpstr(json_again, ==, json);
        g_assert_nonnull(strstr(json, "\"error\" : \"EFAULT\""));
        g_assert_cmpuint(trial_report_find(again, TRIAL_SAVE)->bytes, ==, UINT64_C(1) << 36);
}

static void assert_refused(const char *text, size_t size) {
        g_autoptr(GError) error = NULL;

        g_assert_null(trial_report_from_json(text, size, &error));
        g_assert_error(error, FERRY_ERROR, FERRY_ERROR_INVALID_ARGS);
}

static void test_each_truncation_is_refused(void) {
        g_autoptr(TrialReport) report = make_report();
        g_autofree char *json = trial_report_to_json(report);

        for (size_t size = strlen(json); size-- > 0;)
                assert_refused(json, size);
}

static void test_what_is_no_report_is_refused(void) {
        static const char *const texts[] = {
                "",
                "[]",
                "null",
                "{}",
                "{\"device\":\"x\",\"good\":true,\"verdict\":\"y\"}",
                "{\"device\":\"x\",\"good\":1,\"verdict\":\"y\",\"steps\":[]}",
                "{\"device\":\"x\",\"good\":true,\"verdict\":\"y\",\"steps\":[1]}",
                "{\"device\":\"x\",\"good\":true,\"verdict\":\"y\",\"steps\":[{\"name\":\"jump\","
                "\"outcome\":\"done\",\"usec\":1,\"bytes\":1,\"errno\":0,\"text\":\"\"}]}",
                "{\"device\":\"x\",\"good\":true,\"verdict\":\"y\",\"steps\":[{\"name\":\"open\","
                "\"outcome\":\"done\",\"usec\":-1,\"bytes\":1,\"errno\":0,\"text\":\"\"}]}",
        };

        for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
                assert_refused(texts[i], strlen(texts[i]));
}

static void test_a_long_answer_is_not_read(void) {
        g_autoptr(TrialReport) report = make_report();
        g_autofree char *json = NULL;

        g_free(report->verdict);
        report->verdict = g_strnfill(TRIAL_REPORT_MAX, 'x');
        json = trial_report_to_json(report);
        assert_refused(json, strlen(json));
}

static void test_what_has_not_run_is_filled_from_another(void) {
        g_autoptr(TrialReport) report = trial_report_new("x"), other = trial_report_new("y");

        trial_report_add(report, TRIAL_SAVE)->text = g_strdup("a given state is loaded");
        *trial_report_add(report, TRIAL_LOAD) = (TrialStep){ TRIAL_LOAD, TRIAL_DONE, .usec = 3 };
        (void)trial_report_add(report, TRIAL_SIZE);
        *trial_report_add(other, TRIAL_SAVE) = (TrialStep){ TRIAL_SAVE, TRIAL_DONE, .usec = 7 };
        *trial_report_add(other, TRIAL_LOAD) = (TrialStep){ TRIAL_LOAD, TRIAL_DONE, .usec = 9 };

        trial_report_fill(report, other);
        g_assert_cmpuint(trial_report_find(report, TRIAL_SAVE)->usec, ==, 7);
        g_assert_cmpint(trial_report_find(report, TRIAL_SAVE)->outcome, ==, TRIAL_DONE);
        g_assert_cmpuint(trial_report_find(report, TRIAL_LOAD)->usec, ==, 3);
        g_assert_cmpint(trial_report_find(report, TRIAL_SIZE)->outcome, ==, TRIAL_SKIPPED);
}

int main(int argc, char **argv) {
        g_test_init(&argc, &argv, NULL);
        g_test_add_func("/report/each-word-is-read-again", test_each_word_is_read_again);
        g_test_add_func("/report/what-is-written-is-read", test_what_is_written_is_read);
        g_test_add_func("/report/each-truncation-is-refused", test_each_truncation_is_refused);
        g_test_add_func("/report/what-is-no-report-is-refused", test_what_is_no_report_is_refused);
        g_test_add_func("/report/a-long-answer-is-not-read", test_a_long_answer_is_not_read);
        g_test_add_func("/report/what-has-not-run-is-filled-from-another",
                        test_what_has_not_run_is_filled_from_another);
        return g_test_run();
}
