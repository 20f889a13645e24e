"""Options of the test run: `pytest --accept` rewrites the outputs of the golden files."""

import pytest

collect_ignore = ["golden", "polychrome.circ"]  # its programs are fixtures, and no claims that must hold


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--accept", action="store_true", help="write what was printed into the golden files")


@pytest.fixture
def accept(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--accept"))
