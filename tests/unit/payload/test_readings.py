"""Every path that a function might take a path for."""

import pytest

from berth.payload.readings import path_readings
from kit.tables import for_each


@pytest.mark.parametrize("path", ["/", "/orders/7", "/a.b/c..d", "/a/b-c_d~e:f@g", "/a+b", "/a&b=c,d"])
def test_plain_path_has_one_reading(path: str) -> None:
    assert path_readings(path) == {path}


@for_each(
    "path",
    [
        *("/%61dmin/x", "/%2561dmin/x", "/admin%2Fx", "/admin%252Fx", "/x/../admin/x", "/x/%2e%2e/admin/x"),
        *("/x/%252e%252e/admin/x", "/./admin/x", "/%2e/admin/x", "/x/..;a=1/admin/x", "/admin;a=1/x"),
        *("/admin%3Ba=1/x", "/admin//x", "//admin/x", "/admin/x/", "/admin/x%3Fy", "/admin/x%253Fy"),
        *("/admin/x%23y", "/x\\..\\admin\\x", "/x%5C..%5Cadmin/x", "/admin%5Cx", "/a/b/../../admin/x"),
        *("/..//admin/x", "/x/..%2Fadmin/x", "/x%2F..%2Fadmin%2Fx", "/admin/./x", "/admin/y/../x"),
        *("/x/.%2e/admin/x", "/admin/x/.", "/admin/x/y/..", "/admin/x;", "\\admin\\x", "/%2Fadmin%2F/x"),
        *("/x/..;/..;/admin/x/?", "/x%2f%2e%2e%2fadmin%2fx%2f"),
    ],
)
def test_path_can_be_read_as_the_one_that_it_hides(path: str) -> None:
    assert "/admin/x" in path_readings(path)


def test_bytes_that_are_no_utf_8_are_replaced() -> None:
    assert path_readings("/a%c0%afb") == {"/a%c0%afb", "/a\ufffd\ufffdb"}


def test_path_as_it_was_sent_is_a_reading() -> None:
    assert "/x/../%61?;" in path_readings("/x/../%61?;")
