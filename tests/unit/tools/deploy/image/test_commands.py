"""The sequence of commands for each program."""

from berth.tools.deploy.image.commands import Build, image_steps
from berth.tools.deploy.image.registry import Repository, read_repository, tag_problem
from kit.tables import for_each

REPOSITORY = Repository("123456789012", "eu-west-1", "team/shop")
ONE = Build(REPOSITORY, "1.0", ("linux/amd64",))
BOTH = Build(
    REPOSITORY,
    "1.0",
    ("linux/amd64", "linux/arm64"),
    context="shop",
    dockerfile="shop/Dockerfile",
    target="base",
    arguments=("BERTH=berth:0.1.0", "EXTRAS=aws,jwt"),
)
URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/shop:1.0"
OPTIONS = (
    "--platform linux/amd64,linux/arm64 --file shop/Dockerfile --target base"
    " --build-arg BERTH=berth:0.1.0 --build-arg EXTRAS=aws,jwt"
)


def _login(program: str) -> str:
    return (
        f"aws ecr get-login-password --region eu-west-1 | {program} login --username AWS --password-stdin"
        " 123456789012.dkr.ecr.eu-west-1.amazonaws.com"
    )


CASES = [
    (
        "docker",
        ONE,
        [
            "docker buildx build --platform linux/amd64 --provenance=false --tag team/shop:1.0 --load .",
            f"docker tag team/shop:1.0 {URI}",
            f"docker push {URI}",
        ],
    ),
    (
        "docker",
        BOTH,
        [f"docker buildx build {OPTIONS} --provenance=false --tag {URI} --push shop"],
    ),
    (
        "buildah",
        ONE,
        [
            "buildah build --format docker --platform linux/amd64 --tag team/shop:1.0 .",
            f"buildah tag team/shop:1.0 {URI}",
            f"buildah push {URI}",
        ],
    ),
    (
        "podman",
        BOTH,
        [
            "podman manifest rm team/shop:1.0 || true",
            f"podman build --format docker {OPTIONS} --manifest team/shop:1.0 shop",
            f"podman manifest push --all team/shop:1.0 docker://{URI}",
        ],
    ),
]


@for_each("program, build, expected", CASES)
def test_sequence(program: str, build: Build, expected: list[str]) -> None:
    assert [step.text for step in image_steps(program, build)] == [_login(program), *expected]


def test_a_value_with_a_blank_is_one_word_of_the_shell() -> None:
    build = Build(REPOSITORY, "1", ("linux/amd64",), context="my shop", arguments=("A=b; rm -r c",))
    assert image_steps("docker", build)[1].text == (
        "docker buildx build --platform linux/amd64 --build-arg 'A=b; rm -r c' --provenance=false"
        " --tag team/shop:1 --load 'my shop'"
    )


@for_each(
    "text, expected",
    [
        ("shop", Repository("1", "eu-west-1", "shop")),
        ("999999999999.dkr.ecr.us-east-1.amazonaws.com/a/b", Repository("999999999999", "us-east-1", "a/b")),
        (
            "999999999999.dkr.ecr.cn-north-1.amazonaws.com.cn/a",
            Repository("999999999999", "cn-north-1", "a"),
        ),
    ],
)
def test_a_repository_is_a_name_or_an_address(text: str, expected: Repository) -> None:
    assert read_repository(text, "1", "eu-west-1") == expected


def test_china_has_a_domain_of_its_own() -> None:
    uri = Repository("999999999999", "cn-north-1", "a").uri
    assert uri == "999999999999.dkr.ecr.cn-north-1.amazonaws.com.cn/a"


@for_each(
    "account, region, name, count",
    [
        ("123456789012", "eu-west-1", "shop", 0),
        ("123456789012", "us-gov-west-1", "a/b.c-d_e", 0),
        ("", "", "shop", 2),
        ("12345678901", "eu-west", "Shop", 3),
        ("123456789012", "eu-west-1\n", "shop/", 2),
        ("123456789012", "eu-west-1", "--help", 1),
        ("123456789012", "eu-west-1", "a" * 257, 1),
    ],
)
def test_wrong_parts_of_a_repository(account: str, region: str, name: str, count: int) -> None:
    assert len(list(Repository(account, region, name).problems)) == count


@for_each("tag", ["1.0", "_x", "a" * 128, "7930a996e8b7-dirty"])
def test_tags(tag: str) -> None:
    assert tag_problem(tag) is None


@for_each("tag", ["", "-x", ".x", "a/b", "a b", "a" * 129, "ü"])
def test_wrong_tags(tag: str) -> None:
    assert tag_problem(tag) == (
        f"{tag!r} is not a tag of an image: letters, digits, _ . and -, at most 128 (--tag)"
    )
