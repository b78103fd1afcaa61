"""The parts of a run that its workers share: the work before the first test, and then the tests."""
