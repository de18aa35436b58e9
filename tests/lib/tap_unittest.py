"""Runs tests of unittest and prints TAP: python3 -m tap_unittest MODULE[.CLASS[.TEST]]...

A test's name is the first line of its docstring. What fails shows its traceback as a comment."""
import sys
import unittest

LINES_SHOWN = 40  # testtools puts all logs before the traceback


class TapResult(unittest.TestResult):
    count = 0

    def _line(self, good, test, rest=""):
        self.count += 1
        name = (test._testMethodDoc or test.id()).splitlines()[0]  # testtools describes it by its id
        print(f"{'' if good else 'not '}ok {self.count} - {name}{rest}", flush=True)

    def _bad(self, test, error):
        self._line(False, test)
        for line in self._exc_info_to_string(error, test).splitlines()[-LINES_SHOWN:]:
            print("#", line, flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line(True, test)

    def addError(self, test, error, details=None):
        self.errors.append((test, error))
        self._bad(test, error or sys.exc_info())

    def addFailure(self, test, error, details=None):
        self.failures.append((test, error))
        self._bad(test, error or sys.exc_info())

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line(True, test, f" # SKIP {reason}")


def main():
    suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:])
    result = TapResult()
    suite.run(result)
    print(f"1..{result.count}", flush=True)
    sys.exit(bool(result.errors or result.failures))


main()
