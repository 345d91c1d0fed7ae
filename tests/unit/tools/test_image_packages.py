import os
from importlib.machinery import PathFinder

import pytest

from berth.errors import ManifestError
from berth.tools.image_packages import image_packages

NAMES = (
    "flask",
    "awslambdaric",
    "boto3",
    "six",
    "jwt",
    "cryptography",
    "pytest",
    "pip",
    "aws_lambda_powertools",
)


@pytest.mark.parametrize(
    ("extras", "visible"),
    [
        ((), {"flask", "awslambdaric"}),
        (("aws",), {"flask", "awslambdaric", "boto3", "six"}),
        (("aws", "jwt"), {"flask", "awslambdaric", "boto3", "six", "jwt", "cryptography"}),
    ],
)
def test_only_what_the_server_and_its_extras_require_is_visible(
    extras: tuple[str, ...], visible: set[str]
) -> None:
    with image_packages(extras) as folders:
        assert {name for name in NAMES if PathFinder.find_spec(name, folders)} == visible
    assert not os.path.exists(folders[0])


def test_an_extra_that_does_not_exist_is_refused() -> None:
    told = r"BERTH_EXTRAS: berth-lambda has no extra 'jwts' \(known: aws, "
    with pytest.raises(ManifestError, match=told), image_packages(["aws", "jwts"]):
        pass
